"""A process that says what llama.cpp finds on this machine: `python -m qwlsp.engine.describing`.

With a model's path and a file of fits it says, too, how that model was found to run fastest here.
Prints one JSON object. The server and the terminal never import llama.cpp themselves.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from qwlsp.backends.llama import LLAMA_VERSION, gpus, processor_features, supports_gpu
from qwlsp.engine.fitting import FitStore


def main(model: str = "", fits_file: str = "") -> None:
    """Print what there is."""
    found: dict[str, Any] = {
        "version": LLAMA_VERSION,
        "gpu_offload": supports_gpu(),
        "gpus": [asdict(gpu) for gpu in gpus()],
        "avx2": "AVX2 = 1" in processor_features(),
        "fit": None,
    }
    if model:
        path = Path(model)
        fit = FitStore(Path(fits_file), f"{path.name} {path.stat().st_size}").load()
        found["fit"] = asdict(fit) if fit else None
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
