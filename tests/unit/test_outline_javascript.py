"""What files of JavaScript and TypeScript define, import, call and say in comments."""

from __future__ import annotations

import pytest

from qwlsp.syntax.languages import Language
from qwlsp.text import Text
from tests.outlines import (
    JAVASCRIPT,
    TSX,
    TYPESCRIPT,
    check,
    check_calls,
    check_comments,
    check_imports,
    definition,
    outline_of,
)

# Definitions in JavaScript and TypeScript.


@pytest.mark.parametrize("known", [JAVASCRIPT, TYPESCRIPT, TSX], ids=lambda each: each.id)
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("function f(a, b = 1) { function g() {} }", ["function f: function f(a, b = 1)"]),
        ("async function* f() {}", ["function f: async function* f()"]),
        ("export default function f() {}", ["function f: export default function f()"]),
        ("export default () => 1", ["function default: export default ()"]),
        (
            "export default class { m() {} }",
            ["class default: export default class", "function default.m: m()"],
        ),
        ("const f = async (a) => { const b = 1 }", ["function f: const f = async (a)"]),
        ("const f = a => b => a + b;", ["function f: const f = a"]),
        ("export const f = function () {}", ["function f: export const f = function ()"]),
        ("let a = 1, f = () => 2;", ["variable a: a = 1", "function f: f = ()"]),
        ("export const A = 5;", ["variable A: export const A = 5"]),
        ("var a;", ["variable a: var a"]),
        ("const {a, b} = c, [d] = e", []),
        ("exports.f = function () {}", ["function f: exports.f = function ()"]),
        ("a.b.c = (x) => {}; a.d = 1", ["function c: a.b.c = (x)"]),
        (
            "if (a) { function f() {} } else { const b = 1 }",
            ["function f: function f()", "variable b: const b = 1"],
        ),
        (
            "try { var a = 1 } catch (e) { var b = 2 } finally { var c = 3 }",
            ["variable a: var a = 1", "variable b: var b = 2", "variable c: var c = 3"],
        ),
        ("(function () { function f() {} })()", ["function f: function f()"]),
        ("describe('a', () => { const b = 1; function f() {} })", []),
        (
            "const a = { m() {}, b: { async n(x) {} }, c: 1 }",
            [
                "variable a: const a = { m() {}, b: { async n(x) {} }, c: 1 }",
                "function a.m: m()",
                "function a.n: async n(x)",
            ],
        ),
        (
            "class A extends B { m() { class C {} } }",
            ["class A: class A extends B", "function A.m: m()"],
        ),
        (
            "class A { static async m(a) {} get b() {} #c() {} }",
            [
                "class A: class A",
                "function A.m: static async m(a)",
                "function A.b: get b()",
                "function A.#c: #c()",
            ],
        ),
        (
            "class A { b = 1; #c = 2; f = () => { d() } }",
            [
                "class A: class A",
                "variable A.b: b = 1",
                "variable A.#c: #c = 2",
                "function A.f: f = ()",
            ],
        ),
        ("const A = class { m() {} }", ["class A: const A = class", "function A.m: m()"]),
        ("@d class A { @e @f(1) m() {} }", ["class A: class A", "function A.m: m()"]),
        ("@d() export class A {}", ["class A: export class A"]),
        ("function f(\n  a,\n  { b, c },\n) {}", ["function f: function f(a, { b, c })"]),
    ],
)
def test_javascript(code: str, expected: list[str], known: Language) -> None:
    check(code, expected, known)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            "interface A<T> extends B { c: string; d?(e: T): void }",
            [
                "class A: interface A<T> extends B",
                "variable A.c: c: string",
                "function A.d: d?(e: T): void",
            ],
        ),
        (
            "export enum A { B = 1, C }",
            ["class A: export enum A", "variable A.B: B = 1", "variable A.C: C"],
        ),
        ("export type A = B | C;", ["variable A: export type A = B | C"]),
        ("type A = { b(): void; c: D }", ["variable A: type A = { b(): void; c: D }"]),
        ("function f(a: A): B { return a as B }", ["function f: function f(a: A): B"]),
        ("const f = (a: A): B => a", ["function f: const f = (a: A): B"]),
        ("function f(a: A): B;", ["function f: function f(a: A): B"]),
        (
            "abstract class A { abstract m(): B; private n: C = 1; o(): D; }",
            [
                "class A: abstract class A",
                "function A.m: abstract m(): B",
                "variable A.n: private n: C = 1",
                "function A.o: o(): D",
            ],
        ),
        (
            "export namespace A.B { export const c = 1; function f() {} }",
            [
                "class A.B: export namespace A.B",
                "variable A.B.c: export const c = 1",
                "function A.B.f: function f()",
            ],
        ),
        (
            "declare module 'a' { function f(): B }",
            ["class a: module 'a'", "function a.f: function f(): B"],
        ),
        ("declare function f(): A", ["function f: declare function f(): A"]),
        ("export declare const a: B", ["variable a: const a: B"]),
        (
            "class A { constructor(private b: B) {} }",
            ["class A: class A", "function A.constructor: constructor(private b: B)"],
        ),
        (
            "class A { @Input() a: B; @c @d() m(@e() f: F) {} }",
            ["class A: class A", "variable A.a: a: B", "function A.m: m(@e() f: F)"],
        ),
    ],
)
@pytest.mark.parametrize("known", [TYPESCRIPT, TSX], ids=lambda each: each.id)
def test_typescript(code: str, expected: list[str], known: Language) -> None:
    check(code, expected, known)


@pytest.mark.parametrize(
    ("code", "name", "text", "header"),
    [
        (
            "  export const f = (a) => a;",
            "f",
            "export const f = (a) => a;",
            "export const f = (a) =>",
        ),
        ("let a = 1, f = () => { };", "f", "f = () => { }", "f = () =>"),
        (
            "@d\n@e(1)\nexport class A { }",
            "A",
            "@d\n@e(1)\nexport class A { }",
            "@d\n@e(1)\nexport class A {",
        ),
        ("class A { b; @c\n@d() m() { } }", "A.m", "@c\n@d() m() { }", "@c\n@d() m() {"),
        (
            "exports.f = function () { };",
            "f",
            "exports.f = function () { };",
            "exports.f = function () {",
        ),
    ],
)
def test_spans_and_headers_of_javascript(code: str, name: str, text: str, header: str) -> None:
    for known in (JAVASCRIPT, TSX):
        found = definition(code, name, known)
        assert Text.of(code).slice(found.span) == text
        assert Text.of(code).slice(found.header) == header


DOCUMENTED = """\
#!/usr/bin/env node
/**
 * A shop.
 */

/** Sums up. */
export function total() {}

/**
 * An order.
 *
 *   - indented
 */
@d
class Order {
  /* No docstring. */
  size() {}
  /** How many. */ count = 1;
  // Nor this.
  name() {}
}
/** For nobody. */
"""


@pytest.mark.parametrize("known", [JAVASCRIPT, TYPESCRIPT], ids=lambda each: each.id)
def test_documentation_comments(known: Language) -> None:
    found = outline_of(DOCUMENTED, known)
    assert found.docstring == "A shop."
    assert {each.name: each.docstring for each in found.definitions} == {
        "total": "Sums up.",
        "Order": "An order.\n\n  - indented",
        "size": "",
        "count": "How many.",
        "name": "",
    }


@pytest.mark.parametrize(
    "code", ["/** F. */ function f() {}", "/* A. */\n\n", "/** A", "", "// A\n\n"]
)
def test_files_without_a_documentation_comment(code: str) -> None:
    assert outline_of(code, JAVASCRIPT).docstring == ""


# Imports.


@pytest.mark.parametrize("known", [JAVASCRIPT, TYPESCRIPT], ids=lambda each: each.id)
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import A from './a'", ["A = ./a : default"]),
        ("import A, {b, c as d} from './a'", ["A = ./a : default", "b = ./a : b", "d = ./a : c"]),
        ("import * as a from 'b'", ["a = b"]),
        ("import {default as a} from 'b'", ["a = b : default"]),
        ("import 'a'", []),
        ("export {a, b as c} from './d'", ["a = ./d : a", "c = ./d : b"]),
        ("export * from './a'; export * as b from './c'", ["* = ./a : *", "b = ./c"]),
        ("export {default} from './a'", ["default = ./a : default"]),
        ("export {a, b as c}", []),
        ("const a = require('b')", ["a = b"]),
        ("const {a, b: c} = require('./d')", ["a = ./d : a", "c = ./d : b"]),
        ("const {a} = other('./d'), b = c('e')", []),
        ("function f() { const a = require('b') }", ["a = b"]),
        ("if (a) { var b = require('c') }", ["b = c"]),
    ],
)
def test_imports_of_javascript(code: str, expected: list[str], known: Language) -> None:
    check_imports(code, expected, known)


def test_imports_of_typescript() -> None:
    check_imports("import type {A} from './a'", ["A = ./a : A"], TYPESCRIPT)
    check_imports("import a = require('b')", ["a = b"], TYPESCRIPT)


def test_what_is_imported_is_no_variable_too() -> None:
    check("const a = require('b'), c = 1", ["variable c: c = 1"], JAVASCRIPT)


# Calls and comments.


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("a.b?.c(); d?.(); new E.F(); g`x`", ["1:  > c", "1:  > d", "1:  > F", "1:  > g"]),
        ("class A { m() { this.#n(); super.o() } }", ["1: A.m > #n", "1: A.m > o"]),
        ("const f = () => g(h)", ["1: f > g"]),
        ("const A = () => <div><B.C/><D>{e()}</D></div>", ["1: A > C", "1: A > D", "1: A > e"]),
    ],
)
@pytest.mark.parametrize("known", [JAVASCRIPT, TSX], ids=lambda each: each.id)
def test_calls_of_javascript(code: str, expected: list[str], known: Language) -> None:
    check_calls(code, [each.replace("#", "") for each in expected], known)


def test_calls_of_typescript() -> None:
    check_calls("a.b!(); c<D>()", ["1:  > b", "1:  > c"], TYPESCRIPT)


def test_comments_of_javascript() -> None:
    code = "/**\n * One.\n *\n * - two\n */\n// three\nf() /* four */ // five"
    expected = [(2, "One."), (4, "two"), (6, "three"), (7, "four"), (7, "five")]
    check_comments(code, expected, JAVASCRIPT)
