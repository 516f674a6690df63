"""Python programs of any size to ask about: generated, and yet much like what people write.

The same seed gives the same code. Different seeds share no more than a few words in a row, so that
nothing that was read for one function can stand in for another.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass

HEADER = '''"""Nightly settlement: loads records, checks them, and writes what changed."""

from __future__ import annotations

import json
import logging
from pathlib import Path

logger = logging.getLogger(__name__)


'''

_NOUNS = (
    "account address batch booking branch budget channel claim contract coupon customer delivery "
    "device discount employee entry event expense feature holding invoice item journal ledger "
    "location machine member message meter notice offer order package partner payment permit "
    "product project quota receipt refund region release report request route schedule section "
    "sensor session shipment signal stock supplier ticket token transfer vehicle vendor visit"
)
_FIELDS = (
    "amount balance category code count created currency deadline due_date key label level limit "
    "name number owner parent price priority quantity rate reason reference score size source "
    "state status tax total unit updated value version weight"
)
_VERBS = "apply check close collect compare find load match merge normalize resolve send"

_BLOCKS = (
    """\
    {total} = 0.0
    for {noun} in {nouns}:
        if {noun}.{field} is None:
            logger.warning("{noun} %s has no {field}", {noun}.{other})
            continue
        {total} += {noun}.{field} * {rate}
""",
    """\
    {noun}_by_{field} = {{}}
    for position, {noun} in enumerate({nouns}, start={count}):
        {noun}_by_{field}.setdefault({noun}.{field}, []).append((position, {noun}))
    if len({noun}_by_{field}) > {limit}:
        raise ValueError(f"more than {limit} {nouns}: {{sorted({noun}_by_{field})}}")
""",
    """\
    try:
        {noun} = json.loads(Path("{noun}_{field}.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        {noun} = {{"{field}": {count}, "{other}": "{third}"}}
        logger.info("there is no {noun} yet, starting with %r", {noun})
""",
    """\
    while {noun}_{field} < {limit}:
        {noun}_{field} += max(1, {noun}_{field} // {count})
        if {verb}_{noun}({noun}_{field}, {other}={rate}) is None:
            break
    else:
        logger.debug("all {nouns} were tried, the last with %d", {noun}_{field})
""",
    """\
    {nouns} = sorted(
        ({noun} for {noun} in {nouns} if {noun}.{field} >= {rate}),
        key=lambda {noun}: (-{noun}.{field}, {noun}.{other}),
    )[:{limit}]
""",
    """\
    {noun}_{third} = {{"{field}": 0, "{other}": {count}}}
    for {noun} in {nouns}:
        kind = "{field}" if {noun}.{third} else "{other}"
        {noun}_{third}[kind] = {noun}_{third}[kind] + {noun}.{field} % {limit}
    if {noun}_{third}["{field}"] > {noun}_{third}["{other}"]:
        {verb}_{noun}({noun}_{third}, limit={limit})
""",
    """\
    with Path("{verb}_{nouns}.csv").open("a", encoding="utf-8") as file:
        for {noun} in {nouns}:
            if not {noun}.{field}:
                raise RuntimeError(f"{noun} {{{noun}.{other}}} lost its {field}")
            file.write(f"{{{noun}.{other}}},{{{noun}.{field}:.{digits}f}}\\n")
""",
)


@dataclass(frozen=True)
class Function:
    """A function of a program, on this line (0-based)."""

    name: str
    line: int


class Program:
    """A module that functions are added to."""

    def __init__(self) -> None:
        self.text = HEADER

    def add(self, name: str, *, until: Callable[[str], bool]) -> Function:
        """Add a function that grows until its code is long enough."""
        line = self.text.count("\n")
        self.text += function(name, until=until) + "\n\n"
        return Function(name, line)


def function(name: str, *, until: Callable[[str], bool]) -> str:
    """The code of a function, block by block until it is long enough; the name is its seed."""
    words = random.Random(name)
    nouns = words.sample(_NOUNS.split(), 3)
    code = (
        f"def {name}({', '.join(f'{noun}s' for noun in nouns)}, *, dry_run=False):\n"
        f'    """Settle all {nouns[0]}s with their {nouns[1]}s, once a night."""\n'
    )
    for block in _blocks(words, nouns):
        code += block
        if until(code):
            break
    return code + f"    return {nouns[0]}s\n"


def lines(count: int) -> Callable[[str], bool]:
    """Long enough with about that many lines."""
    return lambda code: code.count("\n") >= count - 1


def _blocks(words: random.Random, parameters: list[str]) -> Iterable[str]:
    while True:
        noun = words.choice([*parameters, words.choice(_NOUNS.split())])
        field, other, third = words.sample(_FIELDS.split(), 3)
        yield words.choice(_BLOCKS).format(
            noun=noun,
            nouns=f"{noun}s",
            field=field,
            other=other,
            third=third,
            verb=words.choice(_VERBS.split()),
            total=f"{words.choice(_FIELDS.split())}_of_{noun}s",
            rate=words.randrange(1, 400) / 100,
            count=words.randrange(2, 90),
            limit=words.randrange(100, 9000),
            digits=words.randrange(1, 5),
        )
