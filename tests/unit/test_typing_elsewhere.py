"""Typing in one function leaves the prompt of every other one unchanged up to its focus.

So what has been read ahead of them stays good. The texts are compared that a prompt has up to and
including the code in focus: equal texts have equal tokens, each is tokenized for itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwlsp.answers import Question
from qwlsp.context.gather import gather
from qwlsp.context.prompt import Prompt, with_company
from qwlsp.documents import Change, Snapshot
from qwlsp.preparing import Asked
from qwlsp.settings import Settings
from qwlsp.syntax.outline import Outline
from qwlsp.syntax.scopes import Scope, scopes
from qwlsp.text import Encoding, Position, Range, Text
from tests.unit.project import Files

SHOP = '''\
"""Orders."""

import json
from db import Store, connect as open_db
from models import Item, Order
import tools
from everything import *

LIMIT = 5


def helper(items: list[Item]) -> int:
    """Count.

    All of them.
    """
    return len(items) + LIMIT


class Base:
    def save(self):
        """Keep it."""
        self.store.write(self)
        return json.dumps(helper([]))

    def load(self, name):
        return open_db(name).read()


@final
class Shop(Base):
    """Sells things."""

    name = "shop"

    def __init__(self, path, log=None):
        self.store = Store(path)
        self.log = log or tools.Log()
        self.orders: list[Order] = []

    @property
    def total(self):
        result = 0
        for order in self.orders:
            result += order.price(LIMIT)
        return result

    def sell(self, item: Item):
        """Sell one."""
        if not item.free():
            raise tools.Refused(item)
        order = Order(item)
        self.orders.append(order)
        self.log.note(order, helper([item]))
        self.save()

    class Shelf:
        def put(self, item):
            return mystery(item, self)


def main(argv):
    shop = Shop(argv[0])
    shop.sell(Item(argv[1]))
    print(shop.total, helper([]))

    def inner():
        return tools.run(shop)

    return inner()


async def last(): return await tools.wait(main)


if __name__ == "__main__":
    main([])
'''

PROJECT = {
    "shop.py": SHOP,
    "db.py": '''\
from files import File

class Store:
    """Keeps things."""
    def __init__(self, path):
        self.file = File(path)
    def write(self, what): self.file.write(what)

class Memory:
    def write(self, what): pass
    def note(self, what): pass

def connect(name) -> Store:
    """Open it."""
    return Store(name)
''',
    "files.py": "class File:\n    def write(self, what): pass\n    def read(self): pass\n",
    "models.py": '''\
class Item:
    def free(self): return False

class Order:
    """One item."""
    def __init__(self, item: Item): self.item = item
    def price(self, limit): return 1
''',
    "tools.py": """\
class Log:
    def note(self, *what): pass
class Refused(Exception): pass
def run(shop): return helper(shop)
async def wait(what): pass
def mystery(a, b): pass
""",
    "everything.py": "def other(): pass\n",
    **{
        f"use_{n}.py": "from shop import Shop, helper, main\n"
        f"def use_{n}():\n    main(helper(Shop(1).sell({n})))\n"
        for n in range(7)
    },
}
PATH = "shop.py"
BUDGETS = (60, 150, 400, 1000, 4000)


@dataclass(frozen=True)
class Workspace(Files):
    """The project with one file as it is in the editor."""

    buffer: Snapshot

    def snapshot(self, path: str) -> Snapshot:
        return self.buffer if path == PATH else parsed(path)

    def outline(self, path: str) -> Outline | None:
        return self.snapshot(path).outline if path in self.sources else None

    def text(self, path: str) -> Text | None:
        return self.snapshot(path).text if path in self.sources else None

    def relative(self, path: str) -> str:
        return path


@cache
def parsed(path: str) -> Snapshot:
    return Files(PROJECT).snapshot(path)


def functions(snapshot: Snapshot) -> dict[str, Scope]:
    """Those that have a name of their own."""
    found = [each for each in scopes(snapshot.tree) if each.kind == "function"]
    names = [each.qualified_name for each in found]
    return {each.qualified_name: each for each in found if names.count(each.qualified_name) == 1}


def prefix(snapshot: Snapshot, scope: Scope, budget: int) -> list[str]:
    """The texts of a prompt about `scope` up to the code in focus."""
    prompt = prompt_about(snapshot, scope, budget)
    before = [used.form.text for used in prompt.before if used.form]
    return [prompt.system, *before, prompt.focus_text]


def prompt_about(snapshot: Snapshot, scope: Scope, budget: int) -> Prompt:
    company = gather(PATH, scope, snapshot, Workspace(PROJECT, snapshot))
    question = Question(snapshot=snapshot, span=scope.header, file=PATH)
    asked = Asked(question, scope, company, Settings())
    bare = asked.prompt(asked.focuses()[0])
    return with_company(bare, company, tokens, budget)


def tokens(text: str) -> int:
    return len(text.split()) + text.count("(")


# Typing inside a function


@dataclass(frozen=True)
class Typing:
    """`new` in place of `length` characters of a line of the function, or, with `enter`, on a line
    of its own below. Lines and columns count from the first that may be typed in, and go round."""

    line: int
    column: int
    length: int
    new: str
    enter: bool = False
    looked_at: bool = False
    """Whether the editor wants to know something about the text before more is typed."""


@dataclass
class Editor:
    """A buffer, and the lines of the function that is typed in: its body, from 0."""

    snapshot: Snapshot
    first: int
    last: int
    margin: int
    """The first column that may be changed: what stands there belongs to the function."""
    one_line: bool = False
    """Whether the function is all on one line, so that a line below is not in it."""

    @classmethod
    def at(cls, snapshot: Snapshot, scope: Scope) -> Editor:
        text = snapshot.text
        header = text.line_of(scope.header.end - 1)
        last = text.line_of(scope.span.end - 1)
        if header == last:
            return cls(snapshot, last, last, scope.header.end - text.starts[last], one_line=True)
        first = str(text).split("\n")[header + 1]
        return cls(snapshot, header + 1, last, len(first) - len(first.lstrip()))

    def type(self, typing: Typing) -> None:
        line = self.first + typing.line % (self.last - self.first + 1)
        old = str(self.snapshot.text).split("\n")[line]
        length = len(old)
        if typing.enter and not self.one_line:
            start = end = length
            new = "\n" + " " * self.margin + typing.new.lstrip()
            self.last += 1
        else:
            start = min(self.margin + typing.column % (max(length - self.margin, 0) + 1), length)
            end = min(start + typing.length, length)
            new = typing.new
            if start <= self.margin:  # the line stays indented as it was
                new = " " * (self.margin - start) + new.lstrip()
                end += len(old[end:]) - len(old[end:].lstrip()) if not new.strip() else 0
        change = Change(Range(Position(line, start), Position(line, end)), new)
        self.snapshot = self.snapshot.changed(None, [change], Encoding.UTF32)


fragments = st.sampled_from(
    [
        *("(", ")", "[", "]", "{", "}", ":", ",", "\\", "#", "@", "=", ".", "'", '"', "f'{"),
        *('"""', "'''", '"""Doc."""', "return", "if self:", "else:", "for x in", "try:", "lambda"),
        *("def inner():", "def helper(a):", "class Item:", "async def main(", "import tools"),
        *("from db import Memory as Store", "from tools import mystery", "global LIMIT"),
        *("self.store = Memory()", "self.log = Store(self)", "self.x: Item = None", "shop = main"),
        *(
            "helper([])",
            "self.save()",
            "Shop(1).sell(2)",
            "shop.put(3)",
            "main(",
            "last()",
            "sell(",
        ),
        *("LIMIT = 6", "del helper", "yield", "await tools.run(self)", "é😀", "    x = 1", "\t"),
    ]
)
typings = st.builds(
    Typing,
    st.integers(0, 30),
    st.integers(0, 60),
    st.sampled_from([0, 0, 1, 5, 80]),
    st.lists(fragments, max_size=2).map(" ".join) | st.text(max_size=3, alphabet="ab (\"'\u2028"),
    st.booleans(),
    st.booleans(),
)

NAMES = sorted(functions(parsed(PATH)))


@pytest.fixture(params=[0, 64 << 10], ids=["reusing trees", "parsing afresh"], autouse=True)
def reuse_from(request: pytest.FixtureRequest) -> Iterator[None]:
    with patch("qwlsp.documents.REUSE_FROM", request.param):
        yield


@cache
def prefixes(budget: int) -> dict[str, list[str]]:
    """The beginnings of all prompts before anything is typed."""
    scopes = functions(parsed(PATH))
    return {name: prefix(parsed(PATH), scope, budget) for name, scope in scopes.items()}


def check(name: str, *typed: Typing, budget: int = 1000) -> int:
    """Type in the function of that name, and compare the prompts about all others that are still
    there; returns how many those are."""
    before = functions(parsed(PATH))
    expected = prefixes(budget)
    editor = Editor.at(parsed(PATH), before[name])
    for each in typed:
        editor.type(each)
        if each.looked_at:
            assert editor.snapshot.outline
    after = functions(editor.snapshot)
    others = [
        other
        for other in before.keys() & after.keys()
        if other != name and not other.startswith(name + ".")
        if code_of(parsed(PATH), before[other]) == code_of(editor.snapshot, after[other])
    ]
    for other in others:
        assert prefix(editor.snapshot, after[other], budget) == expected[other], other
    return len(others)


def code_of(snapshot: Snapshot, scope: Scope) -> str:
    return snapshot.text.slice(scope.span)


def line(new: str, **where: int) -> Typing:
    """A new line below another one of the function."""
    return Typing(where.get("below", 0), 0, 0, new, enter=True)


@pytest.mark.parametrize(
    "new", ["print(", "'", '"""', "[", "if x", "for", "f'{", "lambda", "\\", "@"]
)
@pytest.mark.parametrize("name", ["helper", "Shop.__init__", "Shop.total", "main"])
def test_half_a_statement(name: str, new: str) -> None:
    check(name, line(new))
    check(name, line(new, below=1))


def test_others_are_found_beside_half_a_statement() -> None:
    assert check("Base.save", line("(")) > 0
    assert check("Base.load", Typing(0, 0, 0, "f'{")) > 0
    assert check("helper", line("if x")) == 9
    assert check("Shop.__init__", line("self.store.")) == 9


def test_half_a_statement_at_the_end_of_a_function() -> None:
    assert check("Shop.total", line("", below=3), line("print(", below=4)) > 5
    looked_at = Typing(3, 0, 0, "", enter=True, looked_at=True)
    assert check("Shop.total", looked_at, Typing(4, 0, 0, "print(")) > 5


def test_a_call_of_another_function() -> None:
    for budget in BUDGETS:
        assert check("helper", line("main(Shop(1).sell(last()))"), budget=budget) == 9


def test_what_a_constructor_sets() -> None:
    assert check("Shop.__init__", line("self.log = self.store = Memory()", below=2)) == 9


def test_an_import_in_a_function() -> None:
    assert check("helper", line("from tools import mystery as json, run as open_db")) == 9
    assert check("Base.load", line("from tools import mystery")) == 9


def test_a_new_function_in_a_function() -> None:
    assert check("helper", line("def sell(): return mystery(json)")) == 9


def test_a_docstring() -> None:
    assert check("Shop.sell", Typing(0, 0, 80, '"""Sell it."""'), budget=4000) == 9


def test_a_function_that_is_emptied() -> None:
    lines = [Typing(n, 0, 80, "") for n in range(6)]
    assert check("Shop.sell", *lines, budget=4000) > 5


def test_what_changes_comes_after_the_focus() -> None:
    """So the tests above compare something that depends on the other functions."""
    before = parsed(PATH)
    editor = Editor.at(before, functions(before)["Shop.__init__"])
    editor.type(line("self.log = Memory()"))
    texts = []
    for snapshot in (before, editor.snapshot):
        prompt = prompt_about(snapshot, functions(snapshot)["Shop.sell"], 4000)
        texts.append("".join(used.form.text for used in prompt.after if used.form))
    assert "self.log = Memory()" not in texts[0]
    assert "self.log = Memory()" in texts[1]


@pytest.mark.slow
@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.sampled_from(NAMES), st.lists(typings, min_size=1, max_size=5), st.sampled_from(BUDGETS))
def test_typing_in_one_function_changes_no_other_prompt_up_to_its_focus(
    name: str, typed: list[Typing], budget: int
) -> None:
    check(name, *typed, budget=budget)
