"""Measurements of qwlsp and of the engine under it: `python -m benchmarks NAME`."""
