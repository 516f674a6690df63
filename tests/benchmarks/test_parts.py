"""What the benchmarks are made of, without a model or with the tiny one."""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from difflib import SequenceMatcher
from pathlib import Path

import pytest

from benchmarks.copying import Pair, copy, pairs
from benchmarks.lsp_client import LspClient
from benchmarks.memory import speed_by_depth
from benchmarks.programs import Program, function, lines
from benchmarks.report import percentile, report
from benchmarks.session import EVENTS, Step, medians, replay
from benchmarks.tokens import Tokenizer
from benchmarks.worker import Timed, answering_speed, reading_speed, writing_speed
from qwlsp.engine.messages import Done, Message, Piece, Reading

ECHO = """
import json, sys
while header := sys.stdin.buffer.readline():
    sys.stdin.buffer.readline()
    message = json.loads(sys.stdin.buffer.read(int(header.split()[1])))
    method = message.get("method", "a reply")
    if method == "exit":
        break
    replies = [{"method": "seen", "params": {"method": method}}]
    if method == "ask me":
        replies.append({"id": 7, "method": "may I?", "params": None})
    elif method == "fail":
        replies.append({"id": message["id"], "error": {"code": -1, "message": "it failed"}})
    elif "id" in message and method != "a reply":
        replies.append({"id": message["id"], "result": message["params"]})
    for reply in replies:
        body = json.dumps({"jsonrpc": "2.0", **reply}).encode()
        sys.stdout.buffer.write(b"Content-Length: %d\\r\\n\\r\\n%s" % (len(body), body))
    sys.stdout.buffer.flush()
"""


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [([3.0], 95, 3.0), ([4.0, 1.0, 3.0, 2.0], 50, 2.0), (list(range(1, 101)), 95, 95)],
)
def test_percentiles_are_measured_values(
    values: list[float], percent: float, expected: float
) -> None:
    assert percentile(values, percent) == expected


def test_a_report_ends_with_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    report(
        {"a_ms": 1234.56789, "more": {"b": 0.1}}, ("name", "ms"), [("a", 1234.56789), ("b", None)]
    )
    *table, last = capsys.readouterr().out.splitlines()
    assert last == '{"a_ms": 1234.568, "more": {"b": 0.1}}'
    assert table == ["name       ms", "a     1,234.6", "b           -"]


def test_generated_functions_are_python_of_the_wanted_length() -> None:
    program = Program()
    first = program.add("first", until=lines(30))
    second = program.add("second", until=lines(100))
    module = ast.parse(program.text)
    functions = [node for node in module.body if isinstance(node, ast.FunctionDef)]
    assert [(f.name, f.lineno - 1) for f in functions] == [
        (first.name, first.line),
        (second.name, second.line),
    ]
    assert 29 <= functions[0].end_lineno - functions[0].lineno + 1 <= 40  # type: ignore[operator]


def test_functions_of_another_name_have_other_bodies() -> None:
    bodies = [function(name, until=lines(200)).split("\n", 1)[1] for name in ("one", "two")]
    same = SequenceMatcher(None, *bodies, autojunk=False).find_longest_match()
    assert same.size < 200


def test_a_function_of_the_same_name_is_the_same() -> None:
    assert function("one", until=lines(50)) == function("one", until=lines(50))


def test_texts_are_cut_to_a_number_of_tokens(tiny_model: Path) -> None:
    tokenizer = Tokenizer(tiny_model)
    text = tokenizer.cut(function("one", until=tokenizer.at_least(300)), 300)
    assert len(tokenizer.tokens(text)) == pytest.approx(300, abs=2)


def test_a_chat_has_the_tokens_of_its_parts_and_its_markup(tiny_model: Path) -> None:
    tokenizer = Tokenizer(tiny_model)
    code = tokenizer.tokens("def f(): ...")
    prompt = tokenizer.prompt([Message(role="user", parts=["def f(): ...", "Why?"])])
    places = [i for i in range(len(prompt)) if prompt[i : i + len(code)] == code]
    assert len(places) == 1
    assert prompt[places[0] + len(code) :][: len(tokenizer.tokens("Why?"))] == tokenizer.tokens(
        "Why?"
    )


def test_the_recorded_pairs_are_python_and_mostly_copied() -> None:
    assert len(pairs()) >= 3
    for pair in pairs():
        ast.parse(pair.before)
        ast.parse(pair.after)
        assert pair.before != pair.after
        blocks = SequenceMatcher(None, pair.before, pair.after, autojunk=False)
        copied = sum(block.size for block in blocks.get_matching_blocks())
        assert copied >= 0.85 * len(pair.after)


def test_a_recorded_answer_is_played_back_to_its_end(tiny_model: Path) -> None:
    tokenizer = Tokenizer(tiny_model)
    code = function("copied", until=lines(20))
    copied = copy(tokenizer, Pair(code, code.replace("dry_run", "dry")), threads=1)
    assert copied.tokens == len(tokenizer.tokens(f"```python\n{code}```".replace("dry_run", "dry")))
    assert 0 < copied.accepted <= copied.drafted
    assert copied.accepted > copied.tokens / 2


def timed(*events: tuple[Reading | Piece | Done, float]) -> list[Timed]:
    return [Timed(event, at) for event, at in events]


def test_speeds_count_what_came_after_the_first_event() -> None:
    events = timed(
        (Reading(id=1, read=100, total=300, reused=100), 10.0),
        (Reading(id=1, read=300, total=300, reused=100), 12.0),
        (Piece(id=1, text="a", tokens=1), 12.5),
        (Piece(id=1, text="b", tokens=6), 13.5),
        (Done(id=1, finish="stop", output_tokens=8), 14.0),
    )
    assert reading_speed(events) == 100
    assert writing_speed(events) == 5
    assert answering_speed(events) == 4


def test_reading_speed_is_given_for_each_stretch_of_a_prompt() -> None:
    events = timed(
        *((Reading(id=1, read=n, total=5000, reused=0), n / 100) for n in range(0, 4097, 256)),
        (Reading(id=1, read=5000, total=5000, reused=0), 40.96 + 904 / 50),
    )
    assert speed_by_depth(events) == pytest.approx({"0": 100, "4096": 50})


class FakeServer:
    """Answers in as many milliseconds as a prompt has new tokens, and remembers the last one."""

    def __init__(self) -> None:
        self.asked: list[tuple[list[int], int]] = []
        self.cancelled: list[list[int]] = []

    def ask(self, prompt: Sequence[int], *, max_tokens: int) -> float:
        known = bool(self.asked) and self.asked[-1][0] == prompt
        self.asked.append((list(prompt), max_tokens))
        return 1.0 if known else float(len(prompt))

    def ask_and_cancel(self, prompt: Sequence[int], *, after: float) -> None:
        self.cancelled.append(list(prompt))


def steps() -> list[Step]:
    prompts = {event: [n] * (n + 2) for n, event in enumerate(EVENTS)}
    cancelled = {"after_cancel": [9] * 9}
    return [Step(e, prompts[e], cancelled.get(e), 1.0, 0) for e in EVENTS]


def test_another_server_is_asked_the_same_in_the_same_order() -> None:
    server = FakeServer()
    result = replay(server, steps(), ahead=False)
    assert [prompt for prompt, _ in server.asked[1:]] == [step.prompt for step in steps()]
    assert server.cancelled == [[9] * 9]
    assert result == {f"{step.event}_first_token_ms": len(step.prompt) for step in steps()}


def test_a_prompt_that_is_sent_before_is_not_answered_then() -> None:
    server = FakeServer()
    result = replay(server, steps(), ahead=True)
    assert [tokens for _, tokens in server.asked[1::2]] == [0] * len(EVENTS)
    assert set(result.values()) == {1.0}


def test_the_median_of_each_event_counts() -> None:
    times = [(event, ms) for event in EVENTS for ms in (1.0, 2.0, 90.0)]
    assert set(medians(times).values()) == {2.0}


def client() -> LspClient:
    return LspClient([sys.executable, "-c", ECHO])


def test_the_client_gets_its_replies_whatever_comes_between() -> None:
    with client() as lsp:
        first = lsp.begin("one", {"text": "ä"})
        assert lsp.request("two", [1] * 50_000) == [1] * 50_000
        assert lsp.reply(first) == {"text": "ä"}
        assert [n.params["method"] for n in lsp.notifications] == ["one", "two"]


def test_the_client_raises_what_the_server_refuses() -> None:
    with client() as lsp, pytest.raises(RuntimeError, match="it failed"):
        lsp.request("fail", None)


def test_the_client_finds_the_first_notification_since_a_point() -> None:
    with client() as lsp:
        for method in ("one", "two", "one"):
            lsp.notify(method, None)
        found = lsp.find(lambda n: n.params["method"] == "one", since=1)
        assert found is lsp.notifications[2]


def test_the_client_answers_the_servers_own_requests() -> None:
    with client() as lsp:
        lsp.notify("ask me", None)
        lsp.find(lambda n: n.params["method"] == "a reply", since=0)


def test_listening_ends_when_nothing_comes() -> None:
    with client() as lsp:
        assert not lsp.listen(0.01)
