"""What stands around the code in focus."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from qwlsp.context.gather import Company, Place, gather
from qwlsp.context.pieces import LONGEST, Piece, fenced
from qwlsp.documents import Snapshot
from qwlsp.syntax.outline import Outline
from qwlsp.syntax.scopes import block
from qwlsp.text import Span, Text
from tests.unit.project import Files


class Project(Files):
    """A workspace in memory."""

    def relative(self, path: str) -> str:
        return f"my/{path}"


@dataclass(frozen=True)
class Changing(Project):
    """A workspace in which some files look different as soon as their definitions are known."""

    later: dict[str, str | None] = field(default_factory=dict)

    def text(self, path: str) -> Text | None:
        if path not in self.later:
            return super().text(path)
        text = self.later[path]
        return None if text is None else Text.of(text)


def company(files: Project, focus: str, *found: Place, snapshot: Snapshot | None = None) -> Company:
    """The company of `focus`, a path with the name of the function or class: "a.py:Order"."""
    path, _, name = focus.partition(":")
    snapshot = snapshot or files.snapshot(path)
    return gather(path, files.scope(path, name), snapshot, files, found)


def of(code: str, focus: str = "f", *found: Place, **others: str) -> Company:
    """The company of a function in a.py with this code; `others` are the files beside it."""
    sources = {"a.py": code, **{f"{path}.py": text for path, text in others.items()}}
    return company(Project(sources), f"a.py:{focus}", *found)


def shown(piece: Piece) -> str:
    """The code in the fullest form, without heading and fence."""
    return piece.forms[0].text.partition("```python\n")[2].removesuffix("\n```\n\n")


def names(group: tuple[Piece, ...]) -> list[str]:
    return [f"{piece.role} {piece.path}:{piece.name}" for piece in group]


def only(group: tuple[Piece, ...], role: str) -> Piece:
    (found,) = (piece for piece in group if piece.role == role)
    return found


SHOP = '''\
import json
import tax as taxes
from db import Store, connect as open_db
from everything import *


def helper(x):
    """Double it.

    At once.
    """
    return x * 2


class Shop:
    """Sells things."""

    name = "shop"
    limit: int = 5

    def __init__(self, store):
        self.store = store
        self.log: list[str] = []
        self.opened = False
        if store:
            self.store.open()

    def total(self, orders):
        self.log.append(json.dumps(orders))
        return helper(sum(orders)) + self.limit


def main():
    shop = Shop(Store())
    print(shop.total([1]))
    return shop.total([2]), shop.total([3])
'''
DB = "class Store:\n    def open(self): pass\n\ndef connect(): pass\n"

# Where pieces stand


def test_own_definitions_come_after_the_focus_and_all_else_before_it() -> None:
    others = {"db": DB, "b": "from a import f\ndef outside():\n    f()\n"}
    code = "from db import connect\ndef g(): pass\ndef f():\n    g(connect())\ndef h():\n    f()\n"
    found = of(code, **others)
    assert names(found.before) == [
        "imports a.py:imports",
        "definition db.py:connect",
        "caller b.py:outside",
        "outline a.py:outline",
    ]
    assert names(found.after) == ["definition a.py:g", "caller a.py:h"]


def test_the_class_comes_first_after_the_focus() -> None:
    found = of(SHOP, "Shop.total", db=DB)
    assert names(found.after)[0] == "class a.py:Shop"
    assert "definition a.py:helper" in names(found.after)


def test_what_comes_after_the_focus_and_lasts() -> None:
    """Whatever is typed in other functions: not who calls it, nor what a constructor sets."""
    assert of("def g(): pass\ndef f():\n    g()\ndef h():\n    f()\n").lasting == 1
    code = "from db import Store\nclass A:\n    def __init__(self):\n        self.s = Store()\n"
    found = of(code + "    def f(self):\n        self.s.open()\n", "A.f", db=DB)
    assert names(found.before) == ["outline a.py:outline"]
    assert names(found.after)[0] == "class a.py:A"
    assert "definition db.py:Store.open" in names(found.after)
    assert found.lasting == 1


def test_headings_say_where_it_is() -> None:
    found = of("from db import connect\ndef g(): pass\ndef f():\n    g(connect())\n", db=DB)
    assert [piece.forms[0].text.partition("\n")[0] for piece in found.before] == [
        "Imports:",
        "From my/db.py:",
        "Outline of the file:",
    ]
    assert [piece.forms[0].text.partition("\n")[0] for piece in found.after] == [
        "Also in this file:"
    ]


def test_a_file_has_no_company_but_what_was_found() -> None:
    assert of(SHOP, "") == Company()
    found = of(SHOP, "", Place("db.py", (1, 2), "Store"), db=DB)
    assert names(found.before) == ["search db.py:Store"]
    assert found.after == ()


def test_a_block_of_text_has_none() -> None:
    files = Project({"a.txt": "one\n\ntwo\n"})
    snapshot = files.snapshot("a.txt")
    assert gather("a.txt", block(snapshot.text, Span(0, 3)), snapshot, files) == Company()


def test_the_share_before_the_focus_leaves_room_for_what_follows_it() -> None:
    assert Company().share_before(1000) == 1000
    assert Company().share_before(0) == 0
    for budget in range(0, 1000, 50):
        after = of(SHOP, "Shop.total")
        assert budget // 2 <= after.share_before(budget) <= budget


# Each piece once


def test_each_piece_once() -> None:
    found = of(SHOP, "main", db=DB)
    pieces = [(piece.path, piece.name) for piece in found.before + found.after]
    assert len(set(pieces)) == len(pieces)


def test_two_definitions_on_one_line_are_two() -> None:
    found = of("A = 1; B = 2\ndef f():\n    return A + B\n")
    assert names(found.after) == ["definition a.py:A", "definition a.py:B"]


def test_what_is_called_and_calls_is_shown_once() -> None:
    found = of("def f():\n    g()\ndef g():\n    f()\n")
    assert names(found.after) == ["definition a.py:g"]


# What a search has found


def test_what_a_search_has_found() -> None:
    found = of("def f(): pass\n", "f", Place("db.py", (1, 2), "Store"), db=DB)
    piece = only(found.before, "search")
    assert (piece.name, piece.lines) == ("Store", (1, 2))
    assert piece.forms[0].text == (
        "From my/db.py, lines 1 to 2:\n```python\nclass Store:\n    def open(self): pass\n```\n\n"
    )
    assert piece.forms[-1].text.endswith("```python\nclass Store\n```\n\n")


def test_lines_that_are_no_definition() -> None:
    files = Project({"a.py": "def f(): pass\n", "b.md": "# One\n\n## Two\nText\n"})
    found = company(files, "a.py:f", Place("b.md", (3, 4), "Two"))
    piece = only(found.before, "search")
    assert piece.forms[0].text == "From my/b.md, lines 3 to 4:\n```\n## Two\nText\n```\n\n"
    assert (piece.name, piece.lines, piece.forms[0].lines) == ("Two", (3, 4), (3, 4))


@pytest.mark.parametrize(
    ("lines", "is_there"),
    [((1, 2), True), ((1, 3), False), ((4, 4), False), ((5, 9), False), ((6, 6), True)],
)
def test_what_overlaps_the_focus_is_dropped(lines: tuple[int, int], is_there: bool) -> None:
    code = "x = 1\n\ndef f():\n    a\n    b\ny = 2\nz\nz\nz\n"
    found = of(code, "f", Place("a.py", lines, "x"))
    assert ("search" in [piece.role for piece in found.before]) == is_there


def test_the_same_lines_of_another_file_do_not_overlap() -> None:
    found = of("def f():\n    a\n    b\n", "f", Place("db.py", (1, 2), "Store"), db=DB)
    assert only(found.before, "search").path == "db.py"


def test_what_is_there_already_is_not_found_again() -> None:
    code = "from db import Store\ndef f():\n    Store()\n"
    found = of(code, "f", Place("db.py", (1, 2), "Store"), db=DB)
    assert [piece.role for piece in found.before if piece.path == "db.py"] == ["definition"]


def test_the_same_place_found_twice() -> None:
    place = Place("db.py", (1, 2), "Store")
    found = of("def f(): pass\n", "f", place, place, db=DB)
    assert only(found.before, "search").name == "Store"


def test_places_that_are_not_there_any_more() -> None:
    places = [Place("gone.py", (1, 1), "x"), Place("db.py", (5, 99), "x")]
    found = of("def f(): pass\n", "f", *places, db=DB)
    assert names(found.before) == ["outline a.py:outline"]


# The class


def test_a_class_with_the_fields_that_are_used_only() -> None:
    piece = only(of(SHOP, "Shop.total").after, "class")
    assert shown(piece) == (
        "class Shop:\n    # Sells things.\n    limit: int = 5\n    self.log: list[str] = []"
    )
    assert piece.lines == piece.forms[0].lines == (15, 30)


def test_fields_of_a_class_inside_are_not_its_own() -> None:
    code = "class A:\n    class B:\n        x = 1\n    def f(self):\n        return self.x\n"
    assert shown(only(of(code, "A.f").after, "class")) == "class A:"


def test_a_comparison_sets_no_field() -> None:
    code = "class A:\n    def __init__(self):\n        self.x == 1\n        self.y = 2\n"
    code += "    def f(self):\n        return self.x, self.y\n"
    assert shown(only(of(code, "A.f").after, "class")) == "class A:\n    self.y = 2"


def test_a_class_in_focus_is_not_around_itself() -> None:
    assert "class" not in [piece.role for piece in of(SHOP, "Shop").after]


# Imports


def test_the_imports_that_are_used_only() -> None:
    piece = only(of(SHOP, "Shop.total").before, "imports")
    assert shown(piece) == "import json\nfrom everything import *"
    piece = only(of("import a.b\nimport c\ndef f(): a.b\n").before, "imports")
    assert shown(piece) == "import a.b"


def test_imports_under_other_names() -> None:
    code = SHOP + "\ndef f():\n    taxes.of(open_db())\n"
    assert shown(only(of(code).before, "imports")).splitlines()[:2] == [
        "import tax as taxes",
        "from db import connect as open_db",
    ]


def test_no_imports_where_none_is_used() -> None:
    found = of("import os\ndef f(): pass\n")
    assert names(found.before) == ["outline a.py:outline"]


def test_the_same_import_twice_is_one_line() -> None:
    code = "try:\n    import os\nexcept E:\n    import os\ndef f(): os\n"
    assert shown(only(of(code).before, "imports")) == "import os"


def test_the_lines_of_imports_are_theirs() -> None:
    code = '"""Closes jsons."""\n\nimport json\nimport sys\nimport os\ndef f():\n    os, json\n'
    piece = only(of(code).before, "imports")
    assert piece.lines == piece.forms[0].lines == (3, 5)


# Callers


def test_a_caller_shows_the_lines_with_the_calls() -> None:
    piece = only(of(SHOP, "Shop.total").after, "caller")
    assert piece.name == "main"
    assert shown(piece) == (
        "def main():\n    ...\n    print(shop.total([1]))\n"
        "    return shop.total([2]), shop.total([3])"
    )
    assert piece.lines == piece.forms[0].lines == (35, 36)


def test_only_the_first_calls_are_shown() -> None:
    code = "def f(): pass\ndef g():\n" + "".join(f"    f({n})\n" for n in range(9))
    piece = only(of(code).after, "caller")
    assert shown(piece) == "def g():\n    ...\n    f(0)\n    f(1)"
    assert piece.lines == (3, 4)


def test_who_calls_a_constructor_calls_its_class() -> None:
    piece = only(of(SHOP, "Shop.__init__").after, "caller")
    assert shown(piece) == "def main():\n    ...\n    shop = Shop(Store())"


def test_names_that_only_end_alike_are_no_calls() -> None:
    code = "def f(): pass\ndef g():\n    a.off(1)\n    if_(2)\n    f(3)\n"
    assert shown(only(of(code).after, "caller")) == "def g():\n    ...\n    f(3)"


def test_a_caller_in_another_language() -> None:
    files = Project(
        {
            "a.js": "export function $f() {\n  return 1\n}\n",
            "b.js": "import { $f } from './a'\nfunction g() {\n  return 1 + $f()\n}\n",
        }
    )
    piece = only(company(files, "a.js:$f").before, "caller")
    assert "  return 1 + $f()\n" in piece.forms[0].text.replace("    ", "  ")


def test_a_long_line_of_a_caller_is_cut() -> None:
    code = "def f(): pass\ndef g():\n    x = [f(1), " + "2, " * 100_000 + "]\n"
    piece = only(of(code).after, "caller")
    assert "x = [f(1), 2" in shown(piece)
    assert len(shown(piece)) < LONGEST


# Outline


def test_the_outline_names_functions_and_classes() -> None:
    assert shown(only(of(SHOP, "main").before, "outline")) == (
        "def helper(x)\n"
        "class Shop\n"
        "    def __init__(self, store)\n"
        "    def total(self, orders)\n"
        "def main()"
    )


def test_the_outline_is_the_same_for_all_functions_of_a_file() -> None:
    outlines = [only(of(SHOP, each).before, "outline") for each in ("helper", "Shop", "main")]
    assert outlines[0] == outlines[1] == outlines[2]


def test_a_long_outline_has_names_only_and_then_not_all() -> None:
    code = "".join(f"def function_{n}(argument, another): pass\n" for n in range(50))
    text = shown(only(of(code, "function_1").before, "outline"))
    assert text.startswith("function_0, function_1, ")
    code = "".join(f"def function_{n}(argument): pass\n" for n in range(5000))
    assert len(shown(only(of(code, "function_1").before, "outline"))) <= 1600


# Definitions


def test_the_forms_of_a_function() -> None:
    piece = only(of(SHOP + "\ndef f():\n    helper(1)\n").after, "definition")
    forms = [form.text.partition("```python\n")[2].partition("\n```")[0] for form in piece.forms]
    assert forms == [
        'def helper(x):\n    """Double it.\n\n    At once.\n    """\n    return x * 2',
        "def helper(x): ...  # Double it.",
        "def helper(x)",
    ]
    assert [form.lines for form in piece.forms] == [(7, 12), (7, 7), (7, 7)]


def test_the_forms_of_a_class() -> None:
    code = SHOP + "\ndef f(shop: Shop):\n    pass\n"
    piece = next(each for each in of(code).after if each.name == "Shop")
    forms = [form.text.partition("```python\n")[2].partition("\n```")[0] for form in piece.forms]
    assert forms[0].startswith('class Shop:\n    """Sells things."""\n\n    name = "shop"\n')
    assert forms[1] == (
        'class Shop:\n    # Sells things.\n    name = "shop"\n    limit: int = 5\n'
        "    def __init__(self, store)\n    def total(self, orders)"
    )
    assert forms[2] == "class Shop"


def test_a_short_definition_has_one_form() -> None:
    piece = only(of("X = 1\ndef f(): X\n").after, "definition")
    assert len(piece.forms) == 1


def test_a_method_is_dedented() -> None:
    code = "class A:\n    def g(self):\n        return 1\n    def f(self):\n        self.g()\n"
    assert shown(only(of(code, "A.f").after, "definition")) == "def g(self):\n    return 1"


def test_a_long_definition_is_never_whole() -> None:
    body = "".join(f"    x = {n}\n" for n in range(2000))
    piece = only(of(f"def g():\n{body}def f():\n    g()\n").after, "definition")
    assert [shown(piece)] == ["def g()"]


def test_a_definition_on_a_long_line_is_never_whole() -> None:
    files = Project({"a.js": "function g(){return 1};" + "x();" * 9000 + "function f(){g()}\n"})
    found = company(files, "a.js:f")
    assert all(len(form.text) <= LONGEST for piece in found.after for form in piece.forms)
    assert [piece.name for piece in found.after] == ["g"]


def test_a_long_section_that_was_found_is_cut() -> None:
    files = Project({"a.py": "def f(): pass\n", "b.md": "# A\n" + "word " * 100_000 + "\nend\n"})
    piece = only(company(files, "a.py:f", Place("b.md", (1, 3), "A")).before, "search")
    assert len(piece.forms[0].text) <= LONGEST + 200
    assert piece.forms[0].text.startswith("From my/b.md, lines 1 to 3:\n```\n# A\n")


@pytest.mark.parametrize("code", ["a ``` b", "````\n```", "no"])
def test_a_fence_is_longer_than_those_in_the_code(code: str) -> None:
    text = fenced(code, "python")
    mark = text.partition("python\n")[0]
    assert set(mark) == {"`"}
    assert len(mark) >= 3
    assert mark not in code
    assert text == f"{mark}python\n{code}\n{mark}\n\n"


# Files that change meanwhile


def test_definitions_of_files_that_vanish_are_dropped() -> None:
    sources = {"a.py": "from db import connect\ndef f():\n    connect()\n", "db.py": DB}
    found = company(Changing(sources, {"db.py": None}), "a.py:f")
    assert names(found.before) == ["imports a.py:imports", "outline a.py:outline"]


@pytest.mark.parametrize("text", ["", "x", "ö" * 9, "\n\n", "\n" * 50])
def test_definitions_of_files_that_change_are_harmless(text: str) -> None:
    sources = {
        "a.py": "from db import Store, connect\ndef f():\n    Store(connect())\n",
        "db.py": DB,
        "b.py": "\n\nfrom a import f\ndef g():\n    f()\n",
    }
    files = Changing(sources, {"db.py": text, "b.py": text})
    found = company(files, "a.py:f", Place("db.py", (1, 2), "Store"), Place("b.py", (4, 5), "g"))
    assert "imports a.py:imports" in names(found.before)


def test_its_own_file_is_the_one_that_was_asked_about() -> None:
    """Not what is on disk, nor what has been typed since."""
    sources = {"a.py": SHOP, "db.py": DB}
    expected = company(Project(sources), "a.py:Shop.total")
    asked = Project(sources).snapshot("a.py")
    for now in (None, "", "x = 1\n", "é" * 500, "\n\n" + SHOP):
        files = Changing(sources, {"a.py": now})
        assert company(files, "a.py:Shop.total", snapshot=asked) == expected


def test_a_file_outside_of_the_workspace() -> None:
    class Elsewhere(Project):
        def outline(self, path: str) -> Outline | None:
            return None

        def text(self, path: str) -> Text | None:
            return None

    files = Elsewhere({"a.py": SHOP})
    assert "definition a.py:helper" in names(company(files, "a.py:Shop.total").after)
