"""Which files of a root are indexed."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from qwlsp.workspace.ignore import Folder, file_at, inside, is_secret, walk


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


def make(root: Path, *paths: str) -> None:
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


def write(root: Path, path: str, *lines: str) -> None:
    make(root, path)
    (root / path).write_text("".join(f"{line}\n" for line in lines))


def indexed(root: Path, unreadable: list[str] | None = None) -> list[str]:
    seen = [] if unreadable is None else unreadable
    return [file.path for file in walk(str(root), on_unreadable=seen.append)]


def test_files_in_languages_that_are_read(root: Path) -> None:
    make(root, "a.py", "b.js", "c.ts", "d.tsx", "README.md", "e.PY", "f.txt", "g.c", "h", "i.json")
    assert indexed(root) == ["README.md", "a.py", "b.js", "c.ts", "d.tsx", "e.PY"]


def test_files_come_folder_by_folder_with_size_and_time(root: Path) -> None:
    make(root, "z.py", "b/y.py", "b/c/x.py", "a/w.py")
    write(root, "a/v.py", "x = 1")
    os.utime(root / "a/v.py", ns=(1, 23))
    assert indexed(root) == ["z.py", "a/v.py", "a/w.py", "b/y.py", "b/c/x.py"]
    file = list(walk(str(root), on_unreadable=print))[1]
    assert (file.size, file.mtime_ns) == (6, 23)


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        (["*.md", "b/"], ["a.py"]),
        (["b"], ["a.py", "a.md"]),
        (["/a.py", "b/*.py"], ["a.md", "b/b.md"]),
        (["a.*", "!a.py"], ["a.py", "b/b.py", "b/b.md"]),
        (["!a.py", "a.*"], ["b/b.py", "b/b.md"]),
        (["**/b.py"], ["a.py", "a.md", "b/b.md"]),
        (["b/**"], ["a.py", "a.md"]),
        (["[ab].py", "?.md"], []),
        (["/*", "!/b/"], ["b/b.py", "b/b.md"]),
        (["*", "!*/", "!*.py"], ["a.py", "b/b.py"]),
        (["b/", "!b/b.py"], ["a.py", "a.md"]),
        (["b/*", "!b/b.py"], ["a.py", "a.md", "b/b.py"]),
        (["b.py/"], ["a.py", "a.md", "b/b.py", "b/b.md"]),
        (["# a.py", "", "   ", "\\#", "!"], ["a.py", "a.md", "b/b.py", "b/b.md"]),
        (["a.py\r", "b.py   "], ["a.md", "b/b.md"]),
        (["a\\", "[z-a]", "[[:alpha:]].py", "a.md"], ["a.py", "b/b.py", "b/b.md"]),
    ],
)
def test_patterns_of_gitignore(root: Path, lines: list[str], kept: list[str]) -> None:
    make(root, "a.py", "a.md", "b/b.py", "b/b.md")
    write(root, ".gitignore", *lines)
    assert sorted(indexed(root)) == sorted(kept)


def test_an_inner_gitignore_wins_over_outer_ones(root: Path) -> None:
    make(root, "x.py", "a/x.py", "a/b/x.py", "a/b/y.py")
    write(root, ".gitignore", "x.py")
    write(root, "a/.gitignore", "!x.py", "/b/y.py")
    assert indexed(root) == ["a/x.py", "a/b/x.py"]


def test_git_info_exclude(root: Path) -> None:
    make(root, "a.py", "b.py", "c.py")
    write(root, ".git/info/exclude", "a.py", "b.py")
    write(root, ".gitignore", "!b.py")
    assert indexed(root) == ["b.py", "c.py"]


def test_rules_of_the_repository_around_the_root(root: Path) -> None:
    make(root, ".git/HEAD", "a/b/x.py", "a/b/y.py", "a/b/z.py")
    write(root, ".gitignore", "x.py", "/a/b/y.py")
    assert indexed(root / "a/b") == ["z.py"]


def test_no_rules_from_outside_of_the_repository(root: Path) -> None:
    make(root, "a/.git/HEAD", "a/x.py")
    write(root, ".gitignore", "x.py")
    assert indexed(root / "a") == ["x.py"]


def test_a_root_that_is_ignored_is_indexed(root: Path) -> None:
    make(root, ".git/HEAD", "build/x.py", "build/y.md")
    write(root, ".gitignore", "build/", "*.md")
    assert indexed(root) == []
    assert indexed(root / "build") == ["x.py", "y.md"]


def test_a_pattern_that_would_take_minutes_is_left_out(root: Path) -> None:
    make(root, "a" * 200 + ".py", "b.py")
    write(root, ".gitignore", "*a" * 20 + "*b", "**/a/" * 20 + "b", "b.py")
    assert indexed(root) == ["a" * 200 + ".py"]


@pytest.mark.parametrize(
    "name",
    [
        *(".env", ".env.local", ".ENV.production", "prod.env", "server.pem", "Server.KEY"),
        *("id_rsa", "id_rsa.pub", "id_ed25519", "cert.p12", ".netrc", ".npmrc", ".pypirc"),
        *("credentials", "credentials.json", "CREDENTIALS.py", ".env.py", "id_rsa_backup.md"),
    ],
)
def test_secrets(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", ["environment.py", "keys.py", "env.py", "monkey.py", "pem.md"])
def test_no_secrets(name: str) -> None:
    assert not is_secret(name)


def test_secrets_are_not_indexed_in_whatever_language(root: Path) -> None:
    make(root, ".env.py", "credentials.py", "id_rsa.md", "a.py", "b/.env.js")
    assert indexed(root) == ["a.py"]


def test_folders_that_nobody_writes_in(root: Path) -> None:
    make(root, "a.py", ".git/b.py", ".tox/c.py", "node_modules/d/e.js", "f/__pycache__/g.py")
    assert indexed(root) == ["a.py"]


@pytest.mark.parametrize("mark", ["env/pyvenv.cfg", "env/conda-meta/history"])
def test_an_environment_below_the_root_is_not_indexed(root: Path, mark: str) -> None:
    make(root, "a.py", mark, "env/lib/python3/site-packages/b.py")
    assert indexed(root) == ["a.py"]
    assert indexed(root / "env") == ["lib/python3/site-packages/b.py"]
    assert indexed(root / "env/lib/python3/site-packages") == ["b.py"]


def test_site_packages_alone_are_no_environment(root: Path) -> None:
    make(root, "site-packages/a.py")
    assert indexed(root) == ["site-packages/a.py"]


def test_a_hidden_folder_can_be_a_root(root: Path) -> None:
    make(root, ".hidden/a.py")
    assert indexed(root / ".hidden") == ["a.py"]


def test_links_to_folders_are_not_followed(root: Path, tmp_path: Path) -> None:
    make(root, "a/b.py")
    make(tmp_path, "outside/c.py")
    (root / "a/loop").symlink_to(root)
    (root / "a/self").symlink_to("self")
    (root / "other").symlink_to(tmp_path / "outside")
    assert indexed(root) == ["a/b.py"]


def test_links_to_files(root: Path, tmp_path: Path) -> None:
    make(root, "a/real.py", ".env", ".hidden/x.py")
    make(tmp_path, "outside.py")
    (root / "inside.py").symlink_to("a/real.py")
    (root / "outside.py").symlink_to(tmp_path / "outside.py")
    (root / "secret.py").symlink_to(".env")
    (root / "hidden.py").symlink_to(".hidden/x.py")
    (root / "broken.py").symlink_to("nothing.py")
    (root / "one.py").symlink_to("two.py")
    (root / "two.py").symlink_to("one.py")
    assert indexed(root) == ["inside.py", "a/real.py"]


def test_a_root_may_be_a_link(root: Path, tmp_path: Path) -> None:
    make(root, "a.py")
    (root / "b.py").symlink_to("a.py")
    (tmp_path / "link").symlink_to(root)
    assert indexed(tmp_path / "link") == ["a.py", "b.py"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_what_is_no_ordinary_file_is_left_out(root: Path) -> None:
    make(root, "a.py", "folder.py/b.py")
    os.mkfifo(root / "pipe.py")
    assert indexed(root) == ["a.py", "folder.py/b.py"]


def test_an_unreadable_folder_is_reported_and_left_out(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(root, "a.py", "b/c.py", "d/e.py")
    scandir = os.scandir

    def guarded(path: str) -> Any:
        if path.endswith("/b"):
            raise PermissionError(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    unreadable: list[str] = []
    assert indexed(root, unreadable) == ["a.py", "d/e.py"]
    assert unreadable == [f"{root}/b"]


@pytest.mark.parametrize("missing", ["nothing", "a.py", "a.py/b"])
def test_a_root_that_is_no_folder_has_no_files(root: Path, missing: str) -> None:
    make(root, "a.py")
    unreadable: list[str] = []
    assert indexed(root / missing, unreadable) == []
    assert unreadable == [f"{root}/{missing}"]


def test_a_file_that_vanishes_during_the_walk_is_reported(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(root, "a.py", "b.py", "c.py")
    takes = Folder.takes

    def and_remove(folder: Folder, name: str) -> bool:
        if name == "b.py":
            (root / name).unlink()
        return takes(folder, name)

    monkeypatch.setattr(Folder, "takes", and_remove)
    unreadable: list[str] = []
    assert indexed(root, unreadable) == ["a.py", "c.py"]
    assert unreadable == [f"{root}/b.py"]


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="there a name is text")
def test_a_name_may_be_any_bytes(root: Path) -> None:
    Path(os.fsdecode(os.fsencode(root) + b"/\xff\xfe.py")).touch()
    (found,) = indexed(root)
    assert os.fsencode(found) == b"\xff\xfe.py"
    assert file_at(str(root), found) is not None


def test_deep_folders(root: Path) -> None:
    make(root, "/".join(["d"] * 300) + "/a.py")
    assert len(indexed(root)) == 1


PATTERNS = [
    *("*", "!*/", "!*.py", "*.md", "build/", "build", "/src", "!/src/", "/*", "src/*", "!src/lib/"),
    *("lib/**", "**/b", "**/b/x.py", "a/**/y.py", "!keep.py", "*.gen.py", "!a/", "x.*", "[xy].py"),
    *("/a/*.py", "!/a/", "src/lib/", "*/", "!lib/**", "!b/*.py", "!**/", "?.py", "!x.py", "**"),
]
FOLDERS = ["a", "b", "lib", "src", "build"]
FILES = ["x.py", "y.py", "x.md", "t.gen.py", "keep.py"]


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.parametrize("seed", range(8))
def test_git_ignores_the_same(root: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    chance = random.Random(seed)
    for folder in [Path(), *map(Path, FOLDERS), *(Path(a, b) for a in FOLDERS for b in FOLDERS)]:
        make(root, *(str(folder / file) for file in FILES))
    for folder in ("", "src/"):
        write(root, f"{folder}.gitignore", *chance.choices(PATTERNS, k=chance.randint(1, 5)))
    for variable in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(variable, os.devnull)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(root / ".config"))
    subprocess.run(["git", "init", "--quiet", "."], cwd=root, check=True)
    others = ["git", "ls-files", "--others", "--exclude-standard"]
    listed = subprocess.run(others, cwd=root, check=True, capture_output=True, text=True).stdout
    assert set(indexed(root)) == {path for path in listed.split() if ".gitignore" not in path}


def test_file_at_agrees_with_walk(root: Path) -> None:
    make(
        root, "a.py", "b/c.py", "b/d.md", "node_modules/e.js", "env/pyvenv.cfg", "env/f.py", ".env"
    )
    make(root, "g/h.txt", "g/i.py", ".j/k.py", "l/m/n.py")
    write(root, ".gitignore", "*.md", "l/")
    (root / "link.py").symlink_to("b/c.py")
    (root / "linked").symlink_to("b")
    walked = {file.path: file for file in walk(str(root), on_unreadable=print)}
    everything = [str(path.relative_to(root)) for path in root.rglob("*")]
    assert len(walked) == 4
    assert {path: file_at(str(root), path) for path in everything} == {
        path: walked.get(path) for path in everything
    }


@pytest.mark.parametrize("path", ["nothing.py", "a.py/b.py", "nothing/a.py", "a\0.py", ""])
def test_file_at_a_place_without_a_file(root: Path, path: str) -> None:
    make(root, "a.py")
    assert file_at(str(root), path) is None


@pytest.mark.parametrize(
    ("folder", "path", "expected"),
    [
        ("/a/b", "/a/b/c.py", "c.py"),
        ("/a/b", "/a/b/c/d.py", "c/d.py"),
        ("/", "/a.py", "a.py"),
        ("/a/b", "/a/b", None),
        ("/a/b", "/a/bc.py", None),
        ("/a/b", "/a/c.py", None),
    ],
)
@pytest.mark.skipif(os.sep != "/", reason="other paths there")
def test_inside(folder: str, path: str, expected: str | None) -> None:
    assert inside(folder, path) == expected
