; What JavaScript has and TypeScript calls something else.

(field_definition
  property: [(property_identifier) (private_property_identifier)] @name) @definition.variable

(field_definition
  property: [(property_identifier) (private_property_identifier)] @name
  value: (arrow_function
    "=>" @opening
    body: (_) @body)) @definition.function
