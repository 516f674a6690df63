"""Bugs: found by rules and by a model, kept while the text changes, mended and dismissed."""
