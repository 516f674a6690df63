"""A language server that explains and changes code with a small model on your own machine."""

__version__ = "0.1.0"
