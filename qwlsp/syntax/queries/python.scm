; Definitions

(assignment
  left: (identifier) @name) @definition.variable

; The further names of `a = b = 0`.
(assignment
  right: (assignment
    left: (identifier) @name) @definition.variable)

(type_alias_statement
  left: (type [
    (identifier) @name
    (generic_type . (identifier) @name)
  ])) @definition.variable

(function_definition
  name: (identifier) @name
  ":" @opening
  body: (block) @body) @definition.function

(class_definition
  name: (identifier) @name
  ":" @opening
  body: (block) @body) @definition.class

(decorated_definition
  definition: (_ name: (identifier) @name)) @outer

(decorator) @decorator

[
  (if_statement consequence: (block) @block)
  (elif_clause consequence: (block) @block)
  (else_clause body: (block) @block)
  (for_statement body: (block) @block)
  (while_statement body: (block) @block)
  (try_statement body: (block) @block)
  (except_clause (block) @block .)
  (finally_clause . (block) @block)
  (with_statement body: (block) @block)
  (match_statement body: (block) @block)
  (case_clause consequence: (block) @block)
]

; Imports

(import_statement
  name: (dotted_name) @import.module)

(import_statement
  name: (aliased_import
    name: (dotted_name) @import.module
    alias: (identifier) @import.name))

(import_from_statement
  module_name: (_) @import.module
  name: (dotted_name) @import.member)

(import_from_statement
  module_name: (_) @import.module
  name: (aliased_import
    name: (dotted_name) @import.member
    alias: (identifier) @import.name))

(import_from_statement
  module_name: (_) @import.module
  (wildcard_import) @import.member)

; Calls

(call
  function: (_) @call)

; Comments

(comment) @comment
