"""Which files of a root are indexed, by their places and names.

Left out are what .gitignore files and .git/info/exclude say, secrets, hidden folders, virtual
environments and what a package manager or Python itself writes. None of that holds for the root:
a folder that a person opens is indexed wherever it is and whatever it is.

Paths inside a root are written with "/". Links to folders are not followed, so there are no loops.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from stat import S_ISREG

from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from qwlsp.syntax.languages import language_of_file

MAX_BYTES = 1 << 20
"""A larger file is not indexed: it was not written by hand."""

SECRETS = (
    ".env*",
    "*.env",
    ".htpasswd",
    ".netrc",
    "_netrc",
    ".npmrc",
    ".pgpass",
    ".pypirc",
    "*.jks",
    "*.kdbx",
    "*.key",
    "*.keystore",
    "*.p12",
    "*.pem",
    "*.pfx",
    "credentials*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    "id_rsa*",
)
"""Patterns of names, in small letters, of files that are never read."""

FOLDERS = ("__pycache__", "node_modules")
"""Names of folders that nobody writes in."""

ENVIRONMENT_MARKS = ("pyvenv.cfg", "conda-meta")
"""What a folder holds that is a virtual environment of Python or conda."""

# Backtracking over more would take minutes on names made for it.
_TOO_MANY_STARS = re.compile(r"(\*[^/]*){4}|(\*\*.*){4}")
_ANYWHERE = re.compile(r"(\*\*/)*[^/]*")


@dataclass(frozen=True)
class File:
    """A file to index: `path` is relative to the root; `mtime_ns` and `size` tell its versions."""

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class _Rule:
    """A line of a .gitignore file in the folder `base`, which ends with a "/".

    As in git it matches a folder or file, and not what is inside of it: nobody looks there.
    """

    base: str
    regex: re.Pattern[str]
    ignores: bool
    folders_only: bool
    by_name: bool

    @classmethod
    def of(cls, base: str, line: str) -> _Rule | None:
        """The rule of a line; None if it says nothing, or nothing that can be understood."""
        pattern = line.rstrip() if not line.endswith("\\ ") else line
        if not pattern or pattern.startswith("#") or _TOO_MANY_STARS.search(pattern):
            return None
        negated = pattern.startswith("!")
        path = pattern[negated:].rstrip("/")
        by_name = _ANYWHERE.fullmatch(path) is not None
        if by_name:
            path = path.rpartition("/")[2].replace("**", "*")
        elif path.endswith("/**"):
            path += "/*"
        try:
            regex, _ = GitIgnoreSpecPattern.pattern_to_regex("/" + path.lstrip("/"))
            compiled = re.compile(regex or "(?!)")
        except (ValueError, re.error):
            return None
        return cls(base, compiled, not negated, pattern.endswith("/"), by_name)

    def matches(self, path: str, *, is_folder: bool) -> bool:
        """Whether the absolute `path` is what the pattern means."""
        if self.folders_only and not is_folder:
            return False
        start = path.rindex("/") + 1 if self.by_name else len(self.base)
        return self.regex.fullmatch(path[start:]) is not None


@dataclass(frozen=True)
class Folder:
    """A folder whose files are indexed: its absolute path, with "/", and the rules in force."""

    path: str
    rules: tuple[_Rule, ...]

    @classmethod
    def root(cls, path: str) -> Folder:
        """The folder that a person opened, with the rules of the repository around it, unless
        they ignore that very folder."""
        path = _with_slashes(path)
        rules: list[_Rule] = []
        for above in _folders_above(path):
            rules += _read_rules(above)
        if _ignored(path, rules, is_folder=True):
            rules = []
        return cls(path, (*rules, *_read_rules(path)))

    def enter(self, name: str) -> Folder | None:
        """The folder `name` in this one; None if nothing in it is indexed."""
        path = f"{self.path.rstrip('/')}/{name}"
        if (
            name.startswith(".")
            or name in FOLDERS
            or _ignored(path, self.rules, is_folder=True)
            or any(os.path.lexists(f"{path}/{mark}") for mark in ENVIRONMENT_MARKS)
        ):
            return None
        return Folder(path, (*self.rules, *_read_rules(path)))

    def takes(self, name: str) -> bool:
        """Whether a file of this name in this folder is indexed."""
        path = f"{self.path.rstrip('/')}/{name}"
        return (
            is_readable_name(name)
            and not is_secret(name)
            and not _ignored(path, self.rules, is_folder=False)
        )


def is_secret(name: str) -> bool:
    """Whether a file of this name is likely to hold a password or a private key."""
    return any(fnmatchcase(name.lower(), pattern) for pattern in SECRETS)


def is_readable_name(name: str) -> bool:
    """Whether a file of this name is in a language that the index can read."""
    language = language_of_file(name)
    return language is not None and (language.has_grammar or language.id == "markdown")


def walk(root: str, *, on_unreadable: Callable[[str], None]) -> Iterator[File]:
    """Yield the files of `root` to index, in the order of their names, folder by folder.

    A folder or file that can't be looked at is passed to `on_unreadable` and left out.
    """
    top = Folder.root(root)
    pending = [top]
    while pending:
        folder = pending.pop()
        try:
            with os.scandir(folder.path) as entries:
                ordered = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            on_unreadable(folder.path)
            continue
        inner: list[Folder] = []
        for entry in ordered:
            try:
                if entry.is_dir(follow_symlinks=False):
                    if entered := folder.enter(entry.name):
                        inner.append(entered)
                elif folder.takes(entry.name) and (file := _regular_file(top, entry.path)):
                    yield file
            except OSError:
                on_unreadable(entry.path)
        pending += reversed(inner)


def file_at(root: str, path: str) -> File | None:
    """The file at `path`, relative to `root`, as `walk` would yield it; None if it would not.

    No folder in `path` may be a link.
    """
    top = Folder.root(root)
    folder: Folder | None = top
    *folders, name = path.split("/")
    for part in folders:
        folder = folder.enter(part) if folder else None
    if folder is None or not folder.takes(name):
        return None
    try:
        return _regular_file(top, f"{folder.path.rstrip('/')}/{name}")
    except (OSError, ValueError):
        return None


def inside(folder: str, path: str) -> str | None:
    """`path` relative to `folder`, both absolute, with "/"; None if it is not inside."""
    base = f"{_with_slashes(folder).rstrip('/')}/"
    path = _with_slashes(path)
    return path[len(base) :] if path.startswith(base) and len(path) > len(base) else None


def printable(path: str) -> str:
    """A path as text: not every name of a file is."""
    return path.encode(errors="replace").decode()


def _regular_file(root: Folder, path: str) -> File | None:
    """The file at `path` if it is an ordinary one, or a link to one that is indexed itself."""
    path = _with_slashes(path)
    if os.path.islink(path):
        real = os.path.realpath(path)
        target = inside(os.path.realpath(root.path), real)
        is_loop = os.path.islink(real)
        if target is None or is_loop or file_at(root.path, target) is None:
            return None
    stat = os.stat(path)
    relative = inside(root.path, path)
    if not S_ISREG(stat.st_mode) or relative is None:
        return None
    return File(relative, stat.st_size, stat.st_mtime_ns)


def _folders_above(path: str) -> list[str]:
    """The folders around `path` that belong to the same git repository, outermost first."""
    above: list[str] = []
    while not os.path.lexists(f"{path}/.git"):
        parent = os.path.dirname(path)
        if parent == path:
            return []
        above.insert(0, parent)
        path = parent
    return above


def _read_rules(folder: str) -> list[_Rule]:
    """The rules that files in `folder` give, the weaker ones first."""
    base = f"{folder.rstrip('/')}/"
    rules: list[_Rule] = []
    for name in (".git/info/exclude", ".gitignore"):
        try:
            with open(base + name, encoding="utf-8-sig", errors="replace") as file:
                lines = file.read(MAX_BYTES).split("\n")
        except OSError:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # about brackets in brackets
            rules += [rule for line in lines if (rule := _Rule.of(base, line))]
    return rules


def _ignored(path: str, rules: Sequence[_Rule], *, is_folder: bool) -> bool:
    """Whether `path`, in a folder that is not ignored, is: the last rule that matches decides."""
    for rule in reversed(rules):
        if rule.matches(path, is_folder=is_folder):
            return rule.ignores
    return False


def _with_slashes(path: str) -> str:
    return path.replace(os.sep, "/") if os.sep != "/" else path
