"""The languages that qwlsp knows: what they are called, and how those with a grammar are read.

A language with a tree-sitter grammar is one row of `LANGUAGES` and one file of queries,
queries/NAME.scm (languages that are alike share files), in which these captures mean:

- `@definition.function`, `@definition.class`, `@definition.variable`: a definition, in a match
  with `@name`, its name; `@body`, what else is defined in there belongs to it; and `@opening`, the
  token that opens the body. Several matches may have one name: the pattern that stands furthest
  down says which kind it is.
- `@outer`, in a match with `@name`: what belongs to that definition and lies around it or before
  it, as `export` and decorators do. `@decorator`: a decorator; no signature shows it, and what
  starts with one also has those right before that.
- `@block`: a part of a file or body that is read too, other than a function. All patterns above,
  and those of imports outside functions, start at most two levels below a file, body or block.
- `@import.module`: an imported module. `@import.member`: what is imported of it, if not the module
  itself; `#set! import.member` says it where the code does not. `@import.name`: what that is
  called here, if not the same. A match of a member alone belongs to the `@import` around it.
- `@call`: what is called, which ends in its name.
- `@comment`: a comment.

Other captures, starting with an underscore, are for predicates. Empty lines separate patterns, so
there is none inside a pattern.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module, resources
from pathlib import PurePath
from typing import Literal

from tree_sitter import Language as Grammar
from tree_sitter import Query


@dataclass(frozen=True)
class Language:
    """A language of documents.

    `id` is the protocol's identifier, `title` what people call it in a sentence, `fence` the info
    string of its Markdown fences; `extensions` start with a dot. `grammar` is where its grammar
    comes from, as "module:function", and `queries` the files of its queries; without a grammar
    both are empty.
    """

    id: str
    title: str
    fence: str
    extensions: tuple[str, ...] = ()
    grammar: str = ""
    queries: tuple[str, ...] = ()

    @property
    def has_grammar(self) -> bool:
        """Whether there are trees and outlines of it, not only text."""
        return bool(self.grammar)


PYTHON = Language(
    "python",
    "Python",
    "python",
    (".py", ".pyi", ".pyw"),
    "tree_sitter_python:language",
    ("python",),
)
PLAIN = Language("plaintext", "text", "", (".txt", ".text", ".log"))

_JAVASCRIPT = "tree_sitter_javascript:language", ("ecmascript", "javascript", "jsx")
_TYPESCRIPT = "tree_sitter_typescript:language_typescript", ("ecmascript", "typescript")
_TSX = "tree_sitter_typescript:language_tsx", ("ecmascript", "typescript", "jsx")

LANGUAGES = (
    PYTHON,
    PLAIN,
    Language("javascript", "JavaScript", "js", (".js", ".mjs", ".cjs"), *_JAVASCRIPT),
    Language("javascriptreact", "JavaScript", "jsx", (".jsx",), *_JAVASCRIPT),
    Language("typescript", "TypeScript", "ts", (".ts", ".mts", ".cts"), *_TYPESCRIPT),
    Language("typescriptreact", "TypeScript", "tsx", (".tsx",), *_TSX),
    Language("bat", "Batch", "bat", (".bat", ".cmd")),
    Language("c", "C", "c", (".c", ".h")),
    Language("clojure", "Clojure", "clojure", (".clj", ".cljs", ".cljc")),
    Language("cmake", "CMake", "cmake", (".cmake",)),
    Language("cpp", "C++", "cpp", (".cpp", ".cc", ".cxx", ".hpp", ".hh", ".hxx")),
    Language("csharp", "C#", "csharp", (".cs",)),
    Language("css", "CSS", "css", (".css",)),
    Language("dart", "Dart", "dart", (".dart",)),
    Language("diff", "diff", "diff", (".diff", ".patch")),
    Language("dockerfile", "Dockerfile", "dockerfile", (".dockerfile",)),
    Language("elixir", "Elixir", "elixir", (".ex", ".exs")),
    Language("erlang", "Erlang", "erlang", (".erl", ".hrl")),
    Language("fsharp", "F#", "fsharp", (".fs", ".fsi", ".fsx")),
    Language("go", "Go", "go", (".go",)),
    Language("groovy", "Groovy", "groovy", (".groovy", ".gradle")),
    Language("haskell", "Haskell", "haskell", (".hs",)),
    Language("html", "HTML", "html", (".html", ".htm")),
    Language("ini", "INI", "ini", (".ini", ".cfg")),
    Language("java", "Java", "java", (".java",)),
    Language("json", "JSON", "json", (".json",)),
    Language("jsonc", "JSON with comments", "jsonc", (".jsonc",)),
    Language("julia", "Julia", "julia", (".jl",)),
    Language("kotlin", "Kotlin", "kotlin", (".kt", ".kts")),
    Language("latex", "LaTeX", "latex", (".tex",)),
    Language("less", "Less", "less", (".less",)),
    Language("lua", "Lua", "lua", (".lua",)),
    Language("makefile", "make", "makefile", (".mk",)),
    Language("markdown", "Markdown", "markdown", (".md", ".markdown")),
    Language("objective-c", "Objective-C", "objectivec", (".m",)),
    Language("perl", "Perl", "perl", (".pl", ".pm")),
    Language("php", "PHP", "php", (".php",)),
    Language("powershell", "PowerShell", "powershell", (".ps1", ".psm1")),
    Language("r", "R", "r", (".r",)),
    Language("restructuredtext", "reStructuredText", "rst", (".rst",)),
    Language("ruby", "Ruby", "ruby", (".rb",)),
    Language("rust", "Rust", "rust", (".rs",)),
    Language("scala", "Scala", "scala", (".scala",)),
    Language("scss", "SCSS", "scss", (".scss",)),
    Language("shellscript", "shell", "sh", (".sh", ".bash", ".zsh")),
    Language("sql", "SQL", "sql", (".sql",)),
    Language("svelte", "Svelte", "svelte", (".svelte",)),
    Language("swift", "Swift", "swift", (".swift",)),
    Language("toml", "TOML", "toml", (".toml",)),
    Language("vue", "Vue", "vue", (".vue",)),
    Language("xml", "XML", "xml", (".xml",)),
    Language("yaml", "YAML", "yaml", (".yaml", ".yml")),
    Language("zig", "Zig", "zig", (".zig",)),
)

_BY_ID = {each.id: each for each in LANGUAGES}
_BY_EXTENSION = {extension: each for each in LANGUAGES for extension in each.extensions}


def language(identifier: str) -> Language:
    """The language with the protocol's `identifier`; of an unknown one, only that is known."""
    if not identifier:
        return PLAIN
    fence = identifier if identifier.isalnum() else ""
    return _BY_ID.get(identifier) or Language(identifier, identifier, fence)


def language_of_file(path: str) -> Language | None:
    """The language of the file at `path` by its extension, None for one that is not known."""
    return _BY_EXTENSION.get(PurePath(path).suffix.lower())


Purpose = Literal["outline", "imports", "calls", "comments"]


@cache
def grammar(language: Language) -> Grammar:
    """The grammar of a language that has one, loaded at first use."""
    module, _, function = language.grammar.partition(":")
    return Grammar(getattr(import_module(module), function)())


@cache
def query(language: Language, purpose: Purpose) -> Query:
    """The patterns of a language with a grammar that serve `purpose`, compiled at first use."""
    folder = resources.files(__package__).joinpath("queries")
    files = [
        folder.joinpath(f"{name}.scm").read_text(encoding="utf-8") for name in language.queries
    ]
    patterns = "\n\n".join(files).split("\n\n")
    source = "\n\n".join(pattern for pattern in patterns if _serves(pattern, purpose))
    compiled: Query = Query(grammar(language), source)
    return compiled


def _serves(pattern: str, purpose: Purpose) -> bool:
    if purpose == "outline":
        return "@call" not in pattern and "@comment" not in pattern
    return f"@{purpose.removesuffix('s')}" in pattern
