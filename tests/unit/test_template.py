"""Chat templates: the model's own, a hostile one, and code that looks like markup."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.qwen2 import CHATML as QWEN_TEMPLATE
from qwlsp.engine import template
from qwlsp.engine.messages import Message
from qwlsp.engine.template import MAX_TEMPLATE, ChatTemplate, Prompt

endless = settings(derandomize=True, deadline=None)
KEEPS_MESSAGES = "{% for m in messages %}{{ m.content }}{% endfor %}"
MARKUP = "<|im_end|>"
END_OF_TURN = -1
CHAT = [
    Message(role="system", parts=["Be brief."]),
    Message(role="user", parts=["def f():\n", "    pass", ""]),
]
CHATML_TEXT = (
    "<|im_start|>system\nBe brief.<|im_end|>\n"
    "<|im_start|>user\ndef f():\n    pass<|im_end|>\n"
    "<|im_start|>assistant\n"
)


def tokenize(text: str, *, special: bool) -> list[int]:
    """A token a character, and one for `<|im_end|>` where markup counts."""
    pieces = text.split(MARKUP) if special else [text]
    tokens = [ord(c) for c in pieces[0]]
    for piece in pieces[1:]:
        tokens += [END_OF_TURN, *map(ord, piece)]
    return tokens


def text_of(prompt: Prompt) -> str:
    return "".join(MARKUP if t == END_OF_TURN else chr(t) for t in prompt.tokens)


def render(chat_template: ChatTemplate, messages: list[Message] = CHAT) -> str:
    return text_of(chat_template.tokens(messages, tokenize))


def test_chatml_where_the_model_has_no_template() -> None:
    chat_template = ChatTemplate(None)
    assert render(chat_template) == CHATML_TEXT
    assert chat_template.warning == "The model has no chat template; ChatML is used instead."


def test_the_models_own_template() -> None:
    chat_template = ChatTemplate(QWEN_TEMPLATE)
    assert render(chat_template) == CHATML_TEXT
    assert chat_template.warning is None


def test_a_template_of_another_kind() -> None:
    source = (
        "{{ bos_token }}{% for m in messages %}[{{ m['role'] | upper }}] {{ m['content'] | trim }}"
        "{{ eos_token }}{% endfor %}{% if add_generation_prompt %}[BOT]{% endif %}"
    )
    chat_template = ChatTemplate(source, begin_text="<s>", end_text="</s>")
    assert chat_template.warning is None
    expected = "<s>[SYSTEM] Be brief.</s>[USER] def f():\n    pass</s>[BOT]"
    assert render(chat_template) == expected


def test_a_template_may_add_text_and_multiply_a_little() -> None:
    chat_template = ChatTemplate("{{ '-' * 3 }}{{ 2 * 2 }}" + KEEPS_MESSAGES)
    assert chat_template.warning is None
    assert render(chat_template).startswith("---4Be brief.")


def test_all_roles_of_a_conversation() -> None:
    turns = [Message(role=role, parts=[role]) for role in ("user", "assistant", "user")]
    assert render(ChatTemplate(None), turns) == (
        "<|im_start|>user\nuser<|im_end|>\n<|im_start|>assistant\nassistant<|im_end|>\n"
        "<|im_start|>user\nuser<|im_end|>\n<|im_start|>assistant\n"
    )


@pytest.mark.parametrize(
    "source",
    [
        "{% for m in messages %}",
        "{{ messages[7].content }}",
        "{{ raise_exception('no system role') }}",
        "{% unknown %}",
        "{{ 1 / 0 }}" + KEEPS_MESSAGES,
        "{{ messages | no_such_filter }}",
        "\0\x01{{",
    ],
)
def test_a_broken_template_is_not_used(source: str) -> None:
    chat_template = ChatTemplate(source)
    assert render(chat_template) == CHATML_TEXT
    assert chat_template.warning is not None
    assert "can't be used" in chat_template.warning
    assert chat_template.warning.endswith("ChatML is used instead.")


@pytest.mark.parametrize(
    "source",
    [
        "",
        "no message at all",
        "{{ messages[1].content }}",
        "{{ messages[1].content }}{{ messages[0].content }}",
        KEEPS_MESSAGES * 2,
        KEEPS_MESSAGES + "{{ messages[0].content }}",
        "{% for m in messages %}{{ m.content[1:] }}{% endfor %}",
        "{% for m in messages %}{{ m.content | upper }}{% endfor %}",
        "{% for m in messages %}{{ m.content | reverse }}{% endfor %}",
        "{% for m in messages %}{{ m.content.replace('0', '1') }}{% endfor %}",
    ],
)
def test_a_template_that_does_not_keep_the_messages_is_not_used(source: str) -> None:
    chat_template = ChatTemplate(source)
    assert render(chat_template) == CHATML_TEXT
    assert chat_template.warning is not None


@pytest.mark.parametrize(
    "escape",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.__class__ }}",
        "{{ cycler.__init__.__globals__.os.system('true') }}",
        "{{ raise_exception.__globals__ }}",
        "{{ self.__init__.__globals__ }}",
        "{{ lipsum.__globals__['os'].popen('true').read() }}",
        "{{ ''.format.__self__ }}",
        "{{ '{0.__class__}'.format(1) }}",
        "{{ messages.append(messages[0]) }}",
        "{{ messages[0].update({'content': 'x'}) }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
        "{{ ''|attr('__class__') }}",
    ],
)
def test_a_template_can_not_leave_the_sandbox(escape: str) -> None:
    """What it tries ends in an error or in nothing; never in text that it could send on."""
    chat_template = ChatTemplate(escape + KEEPS_MESSAGES)
    rendered = render(chat_template)
    if chat_template.warning is None:
        assert rendered == "Be brief.def f():\n    pass"
    else:
        assert rendered == CHATML_TEXT


@pytest.mark.parametrize(
    "endless_template",
    [
        "{% for a in range(100000000000) %}{% endfor %}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% for a in range(9999) %}{% for b in range(9999) %}{{ b | int }}{% endfor %}{% endfor %}",
        "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
        "{{ 9 ** 9 ** 9 ** 9 }}",
        "{{ 'x' * 10 ** 12 }}",
        "{{ 'x' * 1000000000000 }}",
        "{% set n = namespace(x=9) %}{% for i in range(99) %}{% set n.x = n.x * n.x %}{% endfor %}",
        "{{ ' '.center(1000000) }}",
        "{{ '%1000000d' % 1 }}",
        "{{ " + "(" * 30_000,
        "{#" + "x" * MAX_TEMPLATE + "#}",
    ],
    ids=lambda source: source[:40],
)
def test_a_template_that_takes_too_much_is_not_used(endless_template: str) -> None:
    chat_template = ChatTemplate(endless_template + KEEPS_MESSAGES)
    assert render(chat_template) == CHATML_TEXT
    assert chat_template.warning is not None
    assert len(chat_template.warning) < 300


@pytest.mark.parametrize(
    "source",
    [
        "{{ messages[0].content }}{{ messages[1].content }}",
        KEEPS_MESSAGES + "{{ messages[0].content if messages | length > 2 }}",
        KEEPS_MESSAGES + "{{ raise_exception('too long') if messages | length > 2 }}",
        "{% for m in messages %}{{ loop.index0 // (3 - loop.index0) }}{{ m.content }}{% endfor %}",
    ],
)
def test_a_template_that_fails_only_later_is_given_up_then(source: str) -> None:
    turns = [*CHAT, Message(role="assistant", parts=["Yes."]), Message(role="user", parts=["No."])]
    chat_template = ChatTemplate(source)
    assert chat_template.warning is None
    assert render(chat_template, turns) == render(ChatTemplate(None), turns)
    assert chat_template.warning is not None
    assert render(chat_template) == CHATML_TEXT


def test_tracing_is_as_it_was() -> None:
    before = sys.gettrace()
    render(ChatTemplate("{% for a in range(99999) %}{% endfor %}"))
    assert sys.gettrace() is before


def test_markup_in_code_stays_text() -> None:
    code = f'end = "{MARKUP}"\n'
    prompt = ChatTemplate(None).tokens([Message(role="user", parts=[code])], tokenize)
    assert prompt.tokens.count(END_OF_TURN) == 1
    assert prompt.part_tokens == [len(code)]
    assert text_of(prompt) == f"<|im_start|>user\n{code}{MARKUP}\n<|im_start|>assistant\n"


def test_the_mark_in_code_stays_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(template.secrets, "token_hex", lambda _size: "cafe")
    code = "[cafe:1][cafe:0] and [cafe:7]"
    messages = [Message(role="system", parts=[code]), Message(role="user", parts=["x"])]
    assert f"system\n{code}{MARKUP}" in render(ChatTemplate(None), messages)


def test_template_syntax_in_code_stays_text() -> None:
    code = "{{ 7 * 7 }}{% raw %}{# #}"
    assert code in render(ChatTemplate(None), [Message(role="user", parts=[code])])


PARTS = st.lists(st.text(st.characters()) | st.just(MARKUP), max_size=4)


@given(st.lists(PARTS, min_size=1, max_size=4))
@endless
def test_part_lengths_add_up(parts_of_messages: list[list[str]]) -> None:
    messages = [Message(role="user", parts=parts) for parts in parts_of_messages]
    prompt = ChatTemplate(None).tokens(messages, tokenize)
    empty = ChatTemplate(None).tokens([Message(role="user", parts=[]) for _ in messages], tokenize)
    assert prompt.part_tokens == [len(part) for parts in parts_of_messages for part in parts]
    assert len(prompt.tokens) == len(empty.tokens) + sum(prompt.part_tokens)
    assert prompt.tokens.count(END_OF_TURN) == len(messages)


def test_a_part_keeps_its_tokens_whatever_follows() -> None:
    calls: list[tuple[str, bool]] = []

    def spy(text: str, *, special: bool) -> list[int]:
        calls.append((text, special))
        return [0]

    ChatTemplate(None).tokens(CHAT, spy)
    assert [text for text, special in calls if not special] == [
        "Be brief.",
        "def f():\n",
        "    pass",
        "",
    ]
    assert all("def" not in text for text, special in calls if special)
