"""A process that runs llama.cpp's quantizer: it can't be stopped, but a process can.

`python -m qwlsp.backends.quantizing SOURCE TARGET TYPE THREADS`; exit status 1 with the reason as
the last line on stderr.
"""

from __future__ import annotations

import ctypes
import os
import sys

import llama_cpp as llama

FILE_TYPES = {
    "Q4_0": llama.LLAMA_FTYPE_MOSTLY_Q4_0,
    "IQ4_NL": llama.LLAMA_FTYPE_MOSTLY_IQ4_NL,
    "Q4_K_M": llama.LLAMA_FTYPE_MOSTLY_Q4_K_M,
    "Q8_0": llama.LLAMA_FTYPE_MOSTLY_Q8_0,
}
LOG_ERROR = 4
"""Of `ggml.h`."""


def _log(level: int, text: bytes, _data: object) -> None:
    if level == LOG_ERROR:
        print(text.decode("utf-8", "replace").strip(), file=sys.stderr)


def main(source: str, target: str, kind: str, threads: str) -> int:
    """Quantize one file; the exit status."""
    callback = llama.llama_log_callback(_log)
    llama.llama_log_set(callback, ctypes.c_void_p(0))
    params = llama.llama_model_quantize_default_params()
    params.ftype = FILE_TYPES[kind]
    params.nthread = int(threads)
    params.allow_requantize = True  # from Q8_0; who calls has looked at the source
    status = llama.llama_model_quantize(
        os.fsencode(source), os.fsencode(target), ctypes.byref(params)
    )
    return 1 if status else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
