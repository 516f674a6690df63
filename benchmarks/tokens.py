"""A model's tokenizer without the model: how long a text is, and which tokens a chat becomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import llama_cpp

from qwlsp.engine.messages import Message
from qwlsp.engine.template import ChatTemplate


class Tokenizer:
    """The vocabulary and the chat template of a GGUF file."""

    def __init__(self, model: Path) -> None:
        self._llama = llama_cpp.Llama(str(model), n_ctx=8, vocab_only=True, verbose=False)
        spell = self._llama._model.token_get_text
        self._template = ChatTemplate(
            self._llama.metadata.get("tokenizer.chat_template"),
            begin_text=spell(self._llama.token_bos()),
            end_text=spell(self._llama.token_eos()),
        )

    def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        """The tokens of a text; `special` is for markup alone, as in the engine."""
        return list(self._llama.tokenize(text.encode(), add_bos=False, special=special))

    def at_least(self, tokens: int) -> Callable[[str], bool]:
        """Long enough with that many tokens."""
        return lambda text: len(self.tokenize(text)) >= tokens

    def cut(self, text: str, tokens: int) -> str:
        """The beginning of a text, about that many tokens long."""
        return self._llama.detokenize(self.tokenize(text)[:tokens]).decode("utf-8", "ignore")

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """The tokens that the engine makes of a chat."""
        return self._template.tokens(messages, self.tokenize).tokens
