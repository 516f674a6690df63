; What TypeScript has beyond JavaScript, or calls something else.

(public_field_definition
  name: [(property_identifier) (private_property_identifier)] @name) @definition.variable

(public_field_definition
  name: [(property_identifier) (private_property_identifier)] @name
  value: (arrow_function
    "=>" @opening
    body: (_) @body)) @definition.function

(interface_body
  (property_signature name: (property_identifier) @name) @definition.variable)

(enum_assignment
  name: (_) @name) @definition.variable

(enum_body
  name: (_) @name @definition.variable)

(type_alias_declaration
  name: (_) @name) @definition.variable

[
  (function_signature name: (_) @name)
  (abstract_method_signature name: (property_identifier) @name)
] @definition.function

(interface_body
  (method_signature name: (property_identifier) @name) @definition.function)

(class_body
  (method_signature name: (property_identifier) @name) @definition.function)

[
  (abstract_class_declaration
    name: (_) @name
    body: (_ . "{" @opening) @body)
  (interface_declaration
    name: (_) @name
    body: (_ . "{" @opening) @body)
  (enum_declaration
    name: (_) @name
    body: (_ . "{" @opening) @body)
  (internal_module
    name: (_) @name
    body: (_ . "{" @opening) @body)
  (module
    name: [
      (identifier) @name
      (nested_identifier) @name
      (string (string_fragment) @name)
    ]
    body: (_ . "{" @opening) @body)
] @definition.class

[
  (ambient_declaration (_ name: (_) @name))
  (expression_statement (internal_module name: (_) @name))
] @outer

(ambient_declaration) @block

(class_body
  (decorator) @outer
  .
  (method_definition name: (_) @name))

(import_statement
  (import_require_clause
    (identifier) @import.name
    source: (string (string_fragment) @import.module)))
