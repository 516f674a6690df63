; What JavaScript and TypeScript have in common.

; Definitions

(variable_declarator
  name: (identifier) @name) @definition.variable

(variable_declarator
  name: (identifier) @name
  value: (object) @body) @definition.variable

(variable_declarator
  name: (identifier) @name
  value: (arrow_function
    "=>" @opening
    body: (_) @body)) @definition.function

(variable_declarator
  name: (identifier) @name
  value: [
    (function_expression body: (_ . "{" @opening) @body)
    (generator_function body: (_ . "{" @opening) @body)
  ]) @definition.function

(variable_declarator
  name: (identifier) @name
  value: (class
    body: (_ . "{" @opening) @body)) @definition.class

(assignment_expression
  left: (member_expression
    property: (property_identifier) @name)
  right: [
    (arrow_function "=>" @opening body: (_) @body)
    (function_expression body: (_ . "{" @opening) @body)
    (generator_function body: (_ . "{" @opening) @body)
  ]) @definition.function

[
  (function_declaration
    name: (_) @name
    body: (_ . "{" @opening) @body)
  (generator_function_declaration
    name: (_) @name
    body: (_ . "{" @opening) @body)
  (method_definition
    name: [(property_identifier) (private_property_identifier)] @name
    body: (_ . "{" @opening) @body)
] @definition.function

(class_declaration
  name: (_) @name
  body: (_ . "{" @opening) @body) @definition.class

; Without a name of its own, a default export goes by that of its import.
(export_statement
  "default" @name
  value: [
    (arrow_function "=>" @opening body: (_) @body)
    (function_expression !name body: (_ . "{" @opening) @body)
    (generator_function !name body: (_ . "{" @opening) @body)
  ]) @definition.function

(export_statement
  "default" @name
  value: (class !name body: (_ . "{" @opening) @body)) @definition.class

(export_statement
  "default" @name
  value: (object) @body) @definition.variable

[
  (lexical_declaration . (variable_declarator name: (identifier) @name) .)
  (variable_declaration . (variable_declarator name: (identifier) @name) .)
  (export_statement
    declaration: (_ . (variable_declarator name: (identifier) @name) .))
  (export_statement
    declaration: (_ name: (_) @name))
  (expression_statement
    (assignment_expression left: (member_expression property: (_) @name)))
] @outer

(decorator) @decorator

[
  (export_statement) @block
  (import_clause) @block
  (variable_declarator name: (object_pattern) @block)
  (if_statement consequence: (statement_block) @block)
  (else_clause . (statement_block) @block)
  (for_statement body: (statement_block) @block)
  (for_in_statement body: (statement_block) @block)
  (while_statement body: (statement_block) @block)
  (try_statement body: (statement_block) @block)
  (catch_clause body: (statement_block) @block)
  (finally_clause body: (statement_block) @block)
  (pair value: (object) @block)
]

; A function that is called where it stands only keeps its names to the file.
(expression_statement
  .
  (call_expression
    function: (parenthesized_expression
      .
      [
        (arrow_function body: (statement_block) @block)
        (function_expression body: (statement_block) @block)
      ])))

; Imports

(import_statement
  source: (string (string_fragment) @import.module)) @import

(import_statement
  (import_clause (identifier) @import.name)
  source: (string (string_fragment) @import.module)
  (#set! import.member "default"))

(import_statement
  (import_clause (namespace_import (identifier) @import.name))
  source: (string (string_fragment) @import.module))

(import_specifier
  name: _ @import.member
  !alias)

(import_specifier
  name: _ @import.member
  alias: _ @import.name)

(export_statement
  source: (string (string_fragment) @import.module)) @import

(export_statement
  "*" @import.member
  source: (string (string_fragment) @import.module))

(export_statement
  (namespace_export (_) @import.name)
  source: (string (string_fragment) @import.module))

(export_specifier
  name: _ @import.member
  !alias)

(export_specifier
  name: _ @import.member
  alias: _ @import.name)

(variable_declarator
  name: (identifier) @import.name
  value: (call_expression
    function: (identifier) @_require
    arguments: (arguments . (string (string_fragment) @import.module)))
  (#eq? @_require "require"))

(variable_declarator
  name: (object_pattern)
  value: (call_expression
    function: (identifier) @_require
    arguments: (arguments . (string (string_fragment) @import.module)))
  (#eq? @_require "require")) @import

(object_pattern
  (shorthand_property_identifier_pattern) @import.member)

(pair_pattern
  key: (property_identifier) @import.member
  value: (identifier) @import.name)

; Calls

(call_expression
  function: (_) @call)

(new_expression
  constructor: (_) @call)

; Comments

(comment) @comment
