; Elements are calls of their components; tags of HTML start with a small letter.

(jsx_opening_element
  name: [
    (identifier) @call
    (member_expression) @call
  ]
  (#match? @call "^[A-Z]"))

(jsx_self_closing_element
  name: [
    (identifier) @call
    (member_expression) @call
  ]
  (#match? @call "^[A-Z]"))
