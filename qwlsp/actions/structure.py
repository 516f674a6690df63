"""The explanation that needs no model: facts from the syntax tree, told in plain English."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, TypeAlias

from qwlsp.syntax.body import Loop
from qwlsp.syntax.facts import (
    ClassFacts,
    Facts,
    FunctionFacts,
    Member,
    ModuleFacts,
    Parameter,
)
from qwlsp.syntax.quote import shorten

Detail = Literal["brief", "full"]

_LONGEST_QUOTE = {"brief": 300, "full": 1_000}  # characters of the docstring
_MOST_ITEMS = {"brief": 4, "full": 8}  # in one list, before it says "and 5 more"
_MOST_POINTS = {"brief": 4, "full": 100}
_MOST_MEMBERS = 40
_FEW_ARGUMENTS = 3

# What code does, as a verb and the rest: ("loops", "over `lines`").
_Point: TypeAlias = tuple[str, str]

# The members of a class or module, under the noun for one of them.
_Members: TypeAlias = dict[str, tuple[str | Member, ...]]


def describe(facts: Facts, *, detail: Detail) -> str:
    """Tell `facts` as Markdown: a sentence, the docstring's first paragraph, and what it does.

    Brief is a paragraph, full a list of everything known. Whatever the code contains, the code
    spans with it end where they should.
    """
    if isinstance(facts, FunctionFacts):
        blocks = [_function(facts), *_said(_behaviour(facts, detail), detail)]
    elif isinstance(facts, ClassFacts):
        blocks = [_class(facts), *_contents(_class_members(facts), detail)]
    else:
        blocks = [_module(facts), *_contents(_module_members(facts), detail)]
    if facts.docstring:
        paragraph = " ".join(re.split(r"\n\s*\n", facts.docstring)[0].split())
        blocks.insert(1, "> " + _prose(shorten(paragraph, _LONGEST_QUOTE[detail])))
    if facts.has_errors:
        blocks.append("Some of this code has a syntax error, so something may be missing here.")
    return "\n\n".join(blocks)


def _said(points: Iterable[_Point], detail: Detail) -> Iterator[str]:
    """Yield the block that tells `points`, nothing if there are none."""
    told = list(points)[: _MOST_POINTS[detail]]
    if told and detail == "brief":
        yield " ".join(f"It {verb} {rest}." for verb, rest in told)
    elif told:
        yield "\n".join(f"- **{verb.capitalize()}** {rest}." for verb, rest in told)


# Functions


def _function(facts: FunctionFacts) -> str:
    noun = facts.role.removeprefix("nested ")
    kinds = {
        "nested": noun != facts.role,
        "async": facts.is_async,
        "generator": facts.is_generator,
        noun: True,
    }
    kind = " ".join(word for word, fits in kinds.items() if fits)
    what = f"{_article(kind)} {kind} of {_count(facts.line_count, 'line')}"
    return f"**{_code(facts.qualified_name)}** is {what} that {_takes(facts)}{_result(facts)}."


def _own_parameters(facts: FunctionFacts) -> Sequence[Parameter]:
    """Return what a caller passes: the parameters without `self` or `cls`."""
    bound = facts.role in ("method", "class method", "property")
    named = facts.parameters[:1] and facts.parameters[0].kind.startswith("positional")
    return facts.parameters[1:] if bound and named else facts.parameters


def _takes(facts: FunctionFacts) -> str:
    """Say what it takes, in words that go before what it returns."""
    parameters = _own_parameters(facts)
    if not parameters:
        return "" if facts.role == "property" else "takes no arguments and "
    few = len(parameters) <= _FEW_ARGUMENTS
    named = map(_parameter if few else _name, parameters)
    return f"takes {_list(named, 6)}{',' if len(parameters) > 2 else ''} and "


def _name(parameter: Parameter) -> str:
    stars = {"var-positional": "*", "var-keyword": "**"}
    return _code(stars.get(parameter.kind, "") + parameter.name)


def _parameter(parameter: Parameter) -> str:
    notes = [_code(parameter.annotation)] if parameter.annotation else []
    if parameter.default is not None:
        notes.append(f"default {_code(parameter.default)}")
    return _name(parameter) + (f" ({', '.join(notes)})" if notes else "")


def _result(facts: FunctionFacts) -> str:
    """Say what comes back, in words that follow "takes x and"."""
    if facts.name == "__init__" and facts.owner and facts.role == "method":
        return f"sets up a new {_code(facts.owner)}"
    if facts.is_generator:
        many = _many(facts.yields)
        values = "values, one at a time" if many else _list(map(_yielded, facts.yields))
        declared = f" ({_code(facts.return_type)})" if facts.return_type else ""
        return f"yields {values}{declared}"
    if facts.return_type:
        return _declared_result(facts.return_type.strip("\"'"))
    if set(facts.returns) <= {"None"}:
        return "returns nothing"
    if _many(facts.returns):
        return "returns a value"
    return f"returns {_list(map(_code, facts.returns), word='or')}"


def _many(values: Sequence[str]) -> bool:
    """Whether `values` are too much for the opening sentence."""
    return len(values) > 2 or (len(values) == 2 and sum(map(len, values)) > 50)


_UNCOUNTED = {"Any", "Self", "bytes"}


def _declared_result(annotation: str) -> str:
    if annotation == "None":
        return "returns nothing"
    if annotation.rpartition(".")[2] in ("NoReturn", "Never"):
        return "never returns"
    if not annotation.isidentifier() or annotation in _UNCOUNTED:
        return f"returns {_code(annotation)}"
    return f"returns {_article(annotation)} {_code(annotation)}"


def _yielded(value: str) -> str:
    return f"everything from {_code(value[5:])}" if value.startswith("from ") else _code(value)


def _behaviour(facts: FunctionFacts, detail: Detail) -> Iterator[_Point]:
    """Yield what a function does, the most telling first."""
    arguments = _arguments_left_to_tell(facts) if detail == "full" else ()
    conditions = [branch.on for branch in facts.branches if branch.kind != "match"]
    subjects = [branch.on for branch in facts.branches if branch.kind == "match"]
    finally_block = ["in a `finally` block, whatever happens"] if facts.cleans_up else []
    loops = [loop for loop in facts.loops if loop.kind != "comprehension"]
    comprehensions = [loop.over for loop in facts.loops if loop.kind == "comprehension"]
    passed_on = ["an exception that it caught"] if facts.reraises else []
    for verb, sentence, items in (
        ("takes", "{}", map(_parameter, arguments)),
        ("returns", "{}", map(_code, _returns_left_to_tell(facts))),
        ("yields", "{}", map(_yielded, facts.yields if _many(facts.yields) else ())),
        ("sets", "{}", map(_code, facts.attributes)),
        ("loops", "{}", map(_loop, loops)),
        ("goes through", "{} in a comprehension", map(_code, comprehensions)),
        ("checks", "{}", map(_code, conditions)),
        ("matches", "{} against patterns", map(_code, subjects)),
        ("raises", "{}", map(_code, facts.raises)),
        ("catches", "{}", map(_code, facts.catches)),
        ("passes on", "{}", passed_on),
        ("calls", "{}", map(_code, _calls_worth_naming(facts))),
        ("awaits", "{}", map(_code, facts.awaits)),
        ("uses", "{} in a `with` statement", map(_code, facts.contexts)),
        ("cleans up", "{}", finally_block),
        ("assigns", "{} of the module", map(_code, facts.globals)),
        ("assigns", "{} of the function around it", map(_code, facts.nonlocals)),
        ("defines", "{} inside itself", map(_code, facts.nested)),
        ("is decorated", "with {}", (_code(f"@{each}") for each in _decorators(facts))),
    ):
        word = "or" if verb == "returns" else "and"
        if listed := _list(dict.fromkeys(items), _MOST_ITEMS[detail], word):
            yield verb, sentence.format(listed)


def _arguments_left_to_tell(facts: FunctionFacts) -> Sequence[Parameter]:
    parameters = _own_parameters(facts)
    noted = any(each.annotation or each.default for each in parameters)
    return parameters if noted and len(parameters) > _FEW_ARGUMENTS else ()


def _returns_left_to_tell(facts: FunctionFacts) -> Sequence[str]:
    told = not facts.return_type and not facts.is_generator and not _many(facts.returns)
    return () if told or set(facts.returns) <= {"None"} else facts.returns


def _loop(loop: Loop) -> str:
    if loop.kind != "while":
        return f"over {_code(loop.over)}" + (" asynchronously" if loop.kind == "async for" else "")
    endless = loop.over in ("True", "1")
    return "until something in it ends it" if endless else f"while {_code(loop.over)}"


def _calls_worth_naming(facts: FunctionFacts) -> list[str]:
    """Return the calls without raised exceptions and beginnings of longer chains, builtins last."""
    calls = (
        call
        for call in facts.calls
        if call not in facts.raises
        and not any(other.startswith(call + "(") for other in facts.calls)
    )
    return sorted(calls, key=lambda call: hasattr(builtins, call))


def _decorators(facts: FunctionFacts | ClassFacts) -> Iterator[str]:
    return (each for each in facts.decorators if each not in _TOLD_DECORATORS)


_TOLD_DECORATORS = {"property", "staticmethod", "classmethod", "dataclass"}


# Classes and modules

# What a decorator, base or keyword makes of a class, and of its attributes; the first that fits.
_CLASS_KINDS = (
    (r"dataclass(\(.*)?", "dataclass", "field"),
    (r"\w*(Enum|Flag)", "enumeration", "member"),
    (r"\w*(Error|Exception|Warning)", "exception class", "attribute"),
    (r"Protocol(\[.*)?", "protocol", "attribute"),
    (r"NamedTuple", "named tuple", "field"),
    (r"TypedDict", "typed dictionary", "key"),
    (r"ABC|metaclass=(.+\.)?ABCMeta", "abstract class", "attribute"),
)


def _class_kind(facts: ClassFacts) -> tuple[str, str]:
    """Return the noun for a class and the one for its attributes."""
    signs = (*facts.decorators, *facts.bases, *facts.keywords)
    for pattern, kind, attribute in _CLASS_KINDS:
        if any(re.fullmatch(rf"([\w.]+\.)?({pattern})", sign) for sign in signs):
            return kind, attribute
    return "class", "attribute"


def _class(facts: ClassFacts) -> str:
    kind, _ = _class_kind(facts)
    what = f"{_article(kind)} {kind} of {_count(facts.line_count, 'line')}"
    bases = f"inherits from {_list(map(_code, facts.bases), 4)} and " if facts.bases else ""
    has = _counts(_class_members(facts)) or "no attributes or methods of its own"
    decorators = _list(_code(f"@{each}") for each in _decorators(facts))
    decorated = f" It is decorated with {decorators}." if decorators else ""
    return f"**{_code(facts.qualified_name)}** is {what} that {bases}has {has}.{decorated}"


def _class_members(facts: ClassFacts) -> _Members:
    _, attribute = _class_kind(facts)
    return {attribute: facts.attributes, "method": facts.methods, "nested class": facts.classes}


def _module(facts: ModuleFacts) -> str:
    if not facts.line_count:
        return "This file is empty."
    defines = _counts(_module_members(facts)) or "no classes or functions"
    sentences = [f"This is a module of {_count(facts.line_count, 'line')} that defines {defines}."]
    if facts.imports:
        sentences.append(f"It imports {_list(map(_code, facts.imports), 8)}.")
    if facts.is_program:
        sentences.append("It can be run as a program.")
    return " ".join(sentences)


def _module_members(facts: ModuleFacts) -> _Members:
    return {"constant": facts.constants, "class": facts.classes, "function": facts.functions}


def _counts(members: _Members) -> str:
    return _list(_count(len(every), noun) for noun, every in members.items() if every)


def _contents(members: _Members, detail: Detail) -> Iterator[str]:
    """Yield a block for each kind of member: a sentence (public names first), or in full a list."""
    for noun, every in members.items():
        listed = [_member(each) for each in every[:_MOST_MEMBERS] if isinstance(each, Member)]
        if detail == "full" and listed:
            left_out = len(every) - len(listed)
            more = [f"- and {left_out} more"] if left_out else []
            heading = f"**{_noun(len(every), noun).capitalize()}**"
            yield "\n".join([heading, "", *listed, *more])
        elif every:
            names = [each.name if isinstance(each, Member) else each for each in every]
            names.sort(key=lambda name: name.startswith("_"))
            verb = "is" if len(every) == 1 else "are"
            told = _list(map(_code, names), _MOST_ITEMS[detail])
            yield f"Its {_noun(len(every), noun)} {verb} {told}."


def _member(member: Member) -> str:
    role = f" ({member.role})" if member.role in _TOLD_ROLES else ""
    summary = f": {_prose(shorten(member.summary, 200))}" if member.summary else ""
    return f"- {_code(shorten(member.signature, 100))}{role}{summary}"


_TOLD_ROLES = ("static method", "class method", "property")


# Words


def _article(word: str) -> str:
    return "an" if word[:1].lower() in "aeio" else "a"


def _count(number: int, noun: str) -> str:
    return f"{number} {_noun(number, noun)}"


def _noun(number: int, noun: str) -> str:
    if number == 1:
        return noun
    return noun + ("es" if noun.endswith("s") else "s")


def _list(items: Iterable[str], most: int = 100, word: str = "and") -> str:
    """Write "a", "a and b", "a, b and c", or "a, b and 7 more"."""
    every = list(items)
    if len(every) > most:
        every[most:] = [f"{len(every) - most} more"]
    *first, last = every or [""]
    return f"{', '.join(first)} {word} {last}" if first else last


def _code(text: str) -> str:
    """Write `text` as a code span, whatever backticks it holds."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    inside = " ".join(text.split()) or "?"
    padding = " " if inside.startswith("`") or inside.endswith("`") else ""
    return f"{fence}{padding}{inside}{padding}{fence}"


# Code spans, which stay, and characters that mean something in Markdown.
_MARKUP = re.compile(
    r"(?P<span>(?P<ticks>`+)(?!`).*?(?<!`)(?P=ticks)(?!`))"
    r"|^[#>+~|=-]|[\\<*]|(?<!\w)_+|_+(?!\w)|\](?=[(\[:])"
)


def _prose(text: str) -> str:
    """Escape what would be markup in a docstring, but for its code spans."""
    return _MARKUP.sub(lambda match: match["span"] or "".join(f"\\{c}" for c in match[0]), text)
