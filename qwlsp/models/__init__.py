"""GGUF files: find the one to use, fetch the default one."""
