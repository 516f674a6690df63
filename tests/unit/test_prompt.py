"""A prompt: its parts and their order, and the company that fits."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from qwlsp.context.focus import Focus
from qwlsp.context.gather import FOR_EACH_LATER_PIECE, Company
from qwlsp.context.pieces import Form, Piece, fenced
from qwlsp.context.prompt import Prompt, bare, with_company

FOCUS = Focus("def f():\n    return 1\n", (3, 4))


def prompt(
    focus: Focus = FOCUS, facts: tuple[str, ...] = ("calls: g",), instruction: str = "Explain."
) -> Prompt:
    return bare(
        focus, file="a.py", fence="python", facts=facts, system="Help.", instruction=instruction
    )


def piece(name: str, *tokens: int, role: str = "definition") -> Piece:
    """A piece with forms of so many words."""
    forms = tuple(Form(" ".join([f"{name}{n}"] * n), (1, n)) for n in tokens)
    return Piece(f"{name}.py", role, name, (1, 9), forms)


def words(text: str) -> int:
    return len(text.split())


def around(company: Company, budget: int, **options: object) -> list[str]:
    """The first word of each part of a prompt with company."""
    parts = with_company(prompt(**options), company, words, budget).parts  # type: ignore[arg-type]
    return [part.split(maxsplit=1)[0] for part in parts]


# Alone


def test_a_prompt_without_company() -> None:
    alone = prompt()
    assert alone.system == "Help."
    assert alone.parts == [
        "From a.py, what is asked about:\n```python\ndef f():\n    return 1\n```\n\n",
        "Facts about it:\n- calls: g\n\n",
        "Explain.",
    ]
    assert alone.code == "".join(alone.parts[:-1])
    assert alone.company == ()


def test_without_facts() -> None:
    assert len(prompt(facts=()).parts) == 2


def test_without_code() -> None:
    assert prompt(Focus(" \n", (1, 1)), facts=()).parts == ["Explain."]


def test_an_outline_is_called_so() -> None:
    assert prompt(Focus("x", (1, 9), is_skeleton=True)).parts[0].startswith("Outline of a.py, what")


def test_a_fence_is_longer_than_those_in_the_code() -> None:
    text = prompt(Focus("'''\n````\n'''\n", (1, 3))).parts[0]
    assert text.endswith(":\n`````python\n'''\n````\n'''\n`````\n\n")


def test_only_the_instruction_differs_between_actions() -> None:
    one, other = prompt(instruction="Explain."), prompt(instruction="Find a bug.")
    assert one.parts[:-1] == other.parts[:-1]
    assert one.system == other.system


# With company


def test_the_order_of_parts() -> None:
    company = Company(
        before=(piece("imports", 1), piece("db", 1), piece("outline", 1, role="outline")),
        after=(piece("class", 1), piece("caller", 1)),
        lasting=2,
    )
    assert around(company, 1_000) == [
        *("outline1", "imports1", "db1"),
        *("From", "class1", "caller1"),
        *("Facts", "Explain."),
    ]


def test_what_has_no_room_is_known_nevertheless() -> None:
    company = Company((piece("a", 10), piece("b", 20)), (piece("c", 30, 2),))
    made = with_company(prompt(), company, words, 12)
    assert [used.piece.name for used in made.company] == ["a", "b", "c"]
    assert [used.form and words(used.form.text) for used in made.company] == [10, None, 2]


def test_no_room_at_all() -> None:
    company = Company((piece("a", 1),), (piece("b", 1),))
    for budget in (0, -5):
        assert with_company(prompt(), company, words, budget).parts == prompt().parts


def test_some_room_is_held_back_for_what_comes_after_the_focus() -> None:
    before, after = piece("a", 900, 10), piece("b", 50, 10)
    budget = 900 + FOR_EACH_LATER_PIECE - 1
    assert around(Company((before,), (after,), lasting=1), budget) == [
        *("a10", "From", "b50", "Facts", "Explain.")
    ]
    assert around(Company((before,), (after,), lasting=1), budget + 1) == [
        *("a900", "From", "b50", "Facts", "Explain.")
    ]


def test_what_is_before_the_focus_does_not_depend_on_what_comes_after_it() -> None:
    before = (piece("a", 60, 10), piece("b", 40))
    groups = [(), (piece("c", 30),), (piece("d", 500, 1), piece("e", 2))]
    for budget in range(0, 300, 7):
        made = [
            with_company(prompt(), Company(before, after, lasting=2), words, budget).before
            for after in groups
        ]
        assert made[0] == made[1] == made[2]


@settings(derandomize=True, deadline=None, max_examples=200)
@given(
    st.lists(st.lists(st.integers(1, 200), min_size=1, max_size=3), max_size=6),
    st.lists(st.lists(st.integers(1, 200), min_size=1, max_size=3), max_size=6),
    st.integers(-10, 1_500),
    st.integers(0, 6),
)
def test_the_company_never_takes_more_than_its_budget(
    before: list[list[int]], after: list[list[int]], budget: int, lasting: int
) -> None:
    company = Company(
        tuple(piece(f"b{n}", *sizes) for n, sizes in enumerate(before)),
        tuple(piece(f"a{n}", *sizes) for n, sizes in enumerate(after)),
        min(lasting, len(after)),
    )
    alone = prompt()
    made = with_company(alone, company, words, budget)
    assert made.size(words) - alone.size(words) <= max(budget, 0)
    assert made.size(words) == words(made.system) + sum(map(words, made.parts))
    assert [used.piece for used in made.after] == list(company.after)
    assert sorted(used.piece.name for used in made.before) == sorted(p.name for p in company.before)
    assert all(used.form is None or used.form in used.piece.forms for used in made.company)
    assert made.parts[-1] == alone.parts[-1]


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.text(alphabet="`a \n~", max_size=40))
def test_no_code_can_close_its_fence(code: str) -> None:
    text = fenced(code, "python")
    opening, *inside, closing, last, end = text.split("\n")
    assert opening == closing + "python"
    assert set(closing) == {"`"}
    assert (last, end) == ("", "")
    assert all(closing not in line for line in inside)
    assert "\n".join(inside) == code.rstrip()
