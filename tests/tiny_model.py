"""A model of a few hundred kilobytes that llama.cpp takes for a Qwen2: two layers, random weights.

Its vocabulary has what breaks careless token handling: white space of 64 bytes in one token,
emoji spread over several tokens, and a turn's end that is not the file's `eos`.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from itertools import pairwise
from pathlib import Path

import gguf
import numpy as np

from benchmarks.qwen2 import CHATML, END_OF_TEXT, Shape, Vocabulary, write

SHAPE = Shape(layers=2, width=64, heads=4, kv_heads=2, ffn=128)
SPECIAL = [END_OF_TEXT, "<|im_start|>", "<|im_end|>"]

_SAMPLE = '''\
You are a careful assistant who explains Python code to the person who has to change it.
Explain what the function does, which values it returns, and which errors it raises.
def read_lines(path: str, encoding: str = "utf-8") -> list[str]:
    """Return the lines of a file, without the white space around them."""
    result = []
    with open(path, encoding=encoding) as file:
        for number, line in enumerate(file):
            if not line.strip():
                continue
            try:
                result.append(line.strip())
            except ValueError as error:
                raise RuntimeError(f"line {number} of {path} is not a number") from error
    return result


class Counter:
    def __init__(self, start: int = 0) -> None:
        self.value = start

    async def increment(self, by: int = 1) -> int:
        self.value += by
        await self.changed(self.value)
        return self.value


if __name__ == "__main__":
    import sys

    print(len(read_lines(sys.argv[1])), "lines")
    while True:
        assert None is not False and True != False or lambda x: x == None
The function opens the file, reads it line by line, and collects the text of each line that is
not empty. It returns a list of strings. It raises an error if the file does not exist.
'''

# The ASCII part of the expression by which Qwen2's tokenizer splits text: no merge crosses it.
_WORD = re.compile(
    r"[^\r\nA-Za-z0-9]?[A-Za-z]+|[0-9]| ?[^\sA-Za-z0-9]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def build(path: Path, *, seed: int = 0, chat_template: str | None = CHATML) -> None:
    """Write the model to `path`; the same seed gives the same bytes."""
    write(
        path,
        SHAPE,
        vocabulary(),
        name="tiny",
        seed=seed,
        dtype=np.float32,
        attention_gain=3,
        chat_template=chat_template,
    )


@cache
def vocabulary() -> Vocabulary:
    """All 256 bytes, merges of white space, merges learnt from the sample, special tokens."""
    merges = _white_space_merges()
    merges += _learn(_encoded_words(_SAMPLE), merges)
    texts = dict.fromkeys(left + right for left, right in merges)  # two pairs may join to one text
    tokens = [*_byte_encoding().values(), *texts, *SPECIAL]
    types = [gguf.TokenType.NORMAL] * (len(tokens) - len(SPECIAL))
    types += [gguf.TokenType.CONTROL] * len(SPECIAL)
    return Vocabulary(tokens, [int(t) for t in types], [" ".join(pair) for pair in merges])


def _byte_encoding() -> dict[int, str]:
    """GPT-2's printable character for each byte: itself where it has one, else from U+0100 on."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return {byte: chr(byte if byte in printable else next(others)) for byte in range(256)}


def _encoded_words(text: str) -> Counter[tuple[str, ...]]:
    encoding = _byte_encoding()
    return Counter(tuple(encoding[b] for b in word.encode()) for word in _WORD.findall(text))


def _white_space_merges() -> list[tuple[str, str]]:
    """Runs of 2, 4, ... 64 spaces, and the line breaks with indentation that a model can write."""
    space, newline = _byte_encoding()[0x20], _byte_encoding()[0x0A]
    merges = [(space * n, space * n) for n in (1, 2, 4, 8, 16, 32)]
    merges += [(newline, newline)]
    merges += [(newline, space * n) for n in (4, 8)]
    return merges


def _learn(words: Counter[tuple[str, ...]], known: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Merge the most frequent pair until none occurs twice.

    Byte pair encoding: Sennrich et al., "Neural Machine Translation of Rare Words with Subword
    Units", 2016. Ties go to the pair that sorts first.
    """
    for pair in known:
        words = _merged(words, pair)
    learnt: list[tuple[str, str]] = []
    while True:
        pairs: Counter[tuple[str, str]] = Counter()
        for word, times in words.items():
            for pair in pairwise(word):
                pairs[pair] += times
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        if pairs[best] < 2:
            return learnt
        learnt.append(best)
        words = _merged(words, best)


def _merged(words: Counter[tuple[str, ...]], pair: tuple[str, str]) -> Counter[tuple[str, ...]]:
    result: Counter[tuple[str, ...]] = Counter()
    for word, times in words.items():
        parts: list[str] = []
        for part in word:
            if parts and (parts[-1], part) == pair:
                parts[-1] += part
            else:
                parts.append(part)
        result[tuple(parts)] += times
    return result
