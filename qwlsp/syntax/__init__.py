"""Code as tree-sitter sees it: trees, scopes and facts. Pure: bytes and nodes, no IO."""
