"""Answers of a required form from a server that may know nothing of forms.

Servers differ in what they can be held to, so a request is made in variants, the strictest first,
and what comes back is checked here whatever the server has promised.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import fastjsonschema

from qwlsp.engine.messages import Constraint

Variant = Mapping[str, Any]
COUNTED: Variant = {"stream_options": {"include_usage": True}}
"""Asks for the number of tokens at the end."""
MOST_LOGPROBS = (20, 5)
"""Likeliest tokens that are asked for; some servers give fewer."""

LEAST = -1000.0
"""Of a logarithm of a probability; below it there is none."""


def variants(constraint: Constraint | None) -> list[Variant]:
    """What to add to a request, the strictest first; the last one is understood everywhere."""
    found: list[Variant] = []
    if constraint is not None and constraint.kind == "json_schema":
        found = [{**COUNTED, "response_format": each} for each in _formats(constraint.value)]
    if constraint is not None and constraint.kind == "choices":
        found = [{**COUNTED, "logprobs": True, "top_logprobs": n} for n in MOST_LOGPROBS]
    return [*found, COUNTED, {}]


def choice_variants(choices: Sequence[str]) -> list[Variant]:
    """Variants that hold a server to one of several choices."""
    schema = _choice_schema(choices)
    return [{**COUNTED, "response_format": each} for each in _formats(schema)] + [COUNTED, {}]


def _formats(schema: Any) -> list[dict[str, Any]]:
    named = {"name": "answer", "strict": True, "schema": schema}
    return [
        {"type": "json_schema", "json_schema": named},
        {"type": "json_object", "schema": schema},  # as llama.cpp's older servers want it
    ]


def _choice_schema(choices: Sequence[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"answer": {"enum": list(choices)}},
        "required": ["answer"],
        "additionalProperties": False,
    }


def instruction(constraint: Constraint | None) -> str:
    """Asks for the form in words."""
    if constraint is None or constraint.kind == "regex":
        return ""
    if constraint.kind == "choices":
        return f"Answer with one of these, and nothing else: {', '.join(constraint.value)}."
    schema = json.dumps(constraint.value, ensure_ascii=False)
    return f"Answer with one JSON object of this schema, and nothing else:\n{schema}"


def choice_instruction(choices: Sequence[str]) -> str:
    """Asks for a choice in the form of `choice_variants`."""
    return f"Answer with one JSON object of this schema:\n{json.dumps(_choice_schema(choices))}"


def checked(text: str, constraint: Constraint) -> str | None:
    """The part of an answer that has the required form, None if it has none."""
    if constraint.kind == "regex":
        plain = without_fence(text)
        return plain if re.fullmatch(str(constraint.value), plain) else None
    begin, end = text.find("{"), text.rfind("}")
    if begin < 0 or end < begin:
        return None
    part = text[begin : end + 1]
    assert isinstance(constraint.value, dict)
    try:
        fastjsonschema.validate(constraint.value, json.loads(part, parse_constant=_no_json))
    except (ValueError, RecursionError, fastjsonschema.JsonSchemaException):
        return None
    return part


def checked_choice(text: str, choices: Sequence[str]) -> str | None:
    """The choice in an answer to `choice_instruction`."""
    schema = Constraint(kind="json_schema", value=_choice_schema(choices))
    found = checked(text, schema)
    return str(json.loads(found)["answer"]) if found else None


def _no_json(constant: str) -> None:
    """NaN and Infinity, which Python reads all the same."""
    raise ValueError(constant)


def without_fence(text: str) -> str:
    """Code out of the Markdown fence that models like to put around it."""
    fenced = re.fullmatch(r"\s*```[^\n`]*\n(.*?)\n?```\s*", text, re.DOTALL)
    return fenced[1] if fenced else text.strip("\n")


def probabilities(
    text: str, scored: Sequence[Mapping[str, Any]], choices: Sequence[str]
) -> dict[str, float] | None:
    """How likely each choice is: by the scores of the first token that says anything, where there
    are any, else by the answer `text` alone. None if it is none of them. `scored` are the server's
    `logprobs.content`, one entry a token."""
    for entry in scored:
        if not _word(str(entry.get("token", ""))):
            continue
        found = dict.fromkeys(choices, 0.0)
        for candidate in _candidates(entry):
            fitting = [each for each in choices if _begins(each, candidate[0])]
            if len(fitting) == 1:
                found[fitting[0]] += math.exp(candidate[1])
        total = sum(found.values())
        if total > 0:
            return {choice: weight / total for choice, weight in found.items()}
        break
    said = _word(text)
    fitting = [
        each for each in choices if said == _word(each) or said.startswith(_word(each) + " ")
    ]
    if len(fitting) != 1:
        return None
    return {choice: float(choice in fitting) for choice in choices}


def _candidates(entry: Mapping[str, Any]) -> list[tuple[str, float]]:
    top = entry.get("top_logprobs")
    found = []
    for each in top if isinstance(top, list) else []:
        if not isinstance(each, dict):
            continue
        token, score = each.get("token"), each.get("logprob")
        # NaN, and numbers too large for a float, are not between any two.
        if isinstance(token, str) and isinstance(score, (int, float)) and LEAST < score < 1:
            found.append((token, min(float(score), 0.0)))
    return found


def _begins(choice: str, token: str) -> bool:
    """Whether a choice, or a word after it, begins with a token."""
    word = _word(token)
    return bool(word) and (_word(choice).startswith(word) or word.startswith(_word(choice)))


def _word(text: str) -> str:
    return text.strip(" \t\r\n`'\"*.:,!").casefold()
