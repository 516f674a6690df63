"""What the index and the files answer."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from qwlsp.documents import Snapshot
from qwlsp.home import index_folder
from qwlsp.syntax.languages import language_of_file
from qwlsp.text import Text
from qwlsp.workspace import view
from qwlsp.workspace.ignore import MAX_BYTES
from qwlsp.workspace.view import CallSite, Workspace
from tests.unit.indexing import Told, database, write

PAGE = 4096


class Editor:
    """A workspace and its open buffers."""

    def __init__(self, *roots: Path) -> None:
        self.buffers: dict[str, Snapshot] = {}
        self.damaged: list[Path] = []
        self.workspace = Workspace(
            roots,
            database=index_folder(),
            buffer=self.buffers.get,
            on_damaged=self.damaged.append,
        )

    def open(self, path: Path, text: str) -> Snapshot:
        known = language_of_file(str(path))
        snapshot = Snapshot(path.as_uri(), 1, known.id if known else "plaintext", Text.of(text))
        self.buffers[str(path)] = snapshot
        return snapshot

    def names(self, path: Path) -> list[str] | None:
        outline = self.workspace.outline(str(path))
        return None if outline is None else [each.name for each in outline.definitions]

    def text(self, path: Path) -> str | None:
        text = self.workspace.text(str(path))
        return None if text is None else str(text)

    def module(self, importer: Path, module: str) -> Path | None:
        found = self.workspace.module(str(importer), module)
        return None if found is None else Path(found)

    def callers(self, name: str, limit: int = 20) -> list[tuple[str, str, int]]:
        found = self.workspace.callers(name, limit=limit)
        return [(Path(site.path).name, site.caller, site.line) for site in found]

    def search(self, words: str, limit: int = 20) -> list[tuple[str, str]]:
        found = self.workspace.search(words, limit=limit)
        return [(Path(each.path).name, each.title) for each in found]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@pytest.fixture
def editor(root: Path) -> Editor:
    return Editor(root)


def indexed(*roots: Path) -> None:
    with Told(*roots) as told:
        told.start()


def no_parsing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "snapshot", None)


# Outlines and texts.


def test_an_outline_of_a_buffer_wins(root: Path, editor: Editor) -> None:
    file = write(root, "a.py", "def on_disk(): ...\n")
    indexed(root)
    editor.open(file, "def unsaved(): ...\n")
    assert editor.names(file) == ["unsaved"]
    assert editor.text(file) == "def unsaved(): ...\n"


def test_an_outline_comes_from_the_index(
    root: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(root, "a/b.py", "def f(): ...\nclass C: ...\n")
    indexed(root)
    no_parsing(monkeypatch)
    assert editor.names(file) == ["f", "C"]
    os.utime(file, ns=(1, 1))
    with pytest.raises(TypeError):
        editor.names(file)


def test_an_outline_of_a_file_that_has_changed_since(root: Path, editor: Editor) -> None:
    file = write(root, "a.py", "def f(): ...\n")
    indexed(root)
    assert editor.names(file) == ["f"]
    file.write_text("def other(): ...\n")
    assert editor.names(file) == ["other"]
    assert editor.text(file) == "def other(): ...\n"
    file.unlink()
    assert editor.names(file) is None
    assert editor.text(file) is None


def test_without_an_index_files_are_read(root: Path, editor: Editor) -> None:
    file = write(root, "a.py", "def f(): ...\n")
    assert editor.names(file) == ["f"]
    without = Workspace([root], database=None, buffer=lambda path: None)
    outline = without.outline(str(file))
    assert outline is not None
    assert [each.name for each in outline.definitions] == ["f"]


def test_a_file_is_read_once_for_each_version(
    root: Path, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(root, "a.py", "def f(): ...\n")
    assert editor.names(file) == ["f"]
    no_parsing(monkeypatch)
    assert editor.names(file) == ["f"]
    assert editor.text(file) == "def f(): ...\n"


def test_spans_of_an_outline_are_of_its_text(root: Path, editor: Editor) -> None:
    file = write(root, "a.py", "\ufeffx = 'é'\r\ndef f(): ...\r\n")
    for _ in range(2):
        outline, text = editor.workspace.outline(str(file)), editor.workspace.text(str(file))
        assert outline is not None
        assert text is not None
        assert text.slice(outline.definitions[1].span) == "def f(): ..."
        indexed(root)


@pytest.mark.parametrize(
    "path",
    [
        *(".env", ".env.py", "credentials.py", "id_rsa.md", "env/a.py", "node_modules/a.js"),
        *(".hidden/a.py", "ignored/a.py", "a.txt", "large.py", "binary.py", "../outside.py"),
        *("link.py", "linked/outside.py", "nothing.py", "folder.py", "a.py/b.py", "loop.py"),
    ],
)
def test_what_is_not_to_be_read(root: Path, editor: Editor, path: str) -> None:
    for inside in (".env", ".env.py", "credentials.py", "id_rsa.md", "env/a.py", "a.py", "a.txt"):
        write(root, inside)
    for inside in ("node_modules/a.js", ".hidden/a.py", "ignored/a.py", "folder.py/a.py"):
        write(root, inside)
    write(root, "env/pyvenv.cfg")
    write(root, ".gitignore", "ignored/\n")
    write(root, "large.py", b"#" * (MAX_BYTES + 1))
    write(root, "binary.py", b"\0")
    write(root.parent, "outside.py")
    (root / "link.py").symlink_to(root.parent / "outside.py")
    (root / "linked").symlink_to(root.parent)
    (root / "loop.py").symlink_to("loop.py")
    assert editor.names(root / "a.py") == []
    assert editor.names(root / path) is None
    assert editor.text(root / path) is None
    editor.open(root / path, "x = 1\n")
    assert editor.text(root / path) == "x = 1\n"


@pytest.mark.parametrize("path", ["", "a\0.py", "/", "relative.py", "\ud800.py", "/" + "x" * 5000])
def test_odd_paths(editor: Editor, path: str) -> None:
    workspace = editor.workspace
    assert workspace.outline(path) is None
    assert workspace.text(path) is None
    assert workspace.module(path, "a") is None
    assert isinstance(workspace.relative(path), str)


def test_a_root_and_a_folder_behind_links(root: Path) -> None:
    write(root, "a/b.py", "def f(): ...\n")
    link = root.parent / "link"
    link.symlink_to(root)
    (root / "c").symlink_to("a")
    editor = Editor(link)
    assert editor.names(link / "a/b.py") == ["f"]
    assert editor.names(root / "a/b.py") == ["f"]
    assert editor.names(root / "c/b.py") == ["f"]


def test_without_roots_there_are_only_buffers(root: Path) -> None:
    editor = Editor()
    file = write(root, "a.py", "def f(): f()\n")
    assert editor.names(file) is None
    editor.open(file, "def g(): ...\n")
    assert editor.names(file) == ["g"]
    assert editor.text(file) == "def g(): ...\n"
    assert editor.module(file, "a") is None
    assert editor.module(file, ".a") is None
    assert editor.callers("f") == []
    assert editor.search("f") == []
    assert editor.workspace.relative(str(file)) == "a.py"


def test_paths_for_people(root: Path) -> None:
    editor = Editor(root, root / "inner")
    assert editor.workspace.roots == (root, root / "inner")
    assert editor.workspace.relative(str(root / "a/b.py")) == "a/b.py"
    assert editor.workspace.relative(str(root / "inner/a/b.py")) == "a/b.py"
    assert editor.workspace.relative(str(root.parent / "c.py")) == "c.py"


# Modules.


@pytest.mark.parametrize(
    ("importer", "module", "expected"),
    [
        ("pkg/a.py", ".b", "pkg/b.py"),
        ("pkg/a.py", ".", "pkg/__init__.py"),
        ("pkg/sub/c.py", "..b", "pkg/b.py"),
        ("pkg/sub/c.py", "..sub", "pkg/sub/__init__.py"),
        ("pkg/a.py", "pkg.sub.c", "pkg/sub/c.py"),
        ("pkg/sub/c.py", "b", "pkg/b.py"),
        ("pkg/a.py", "both", "both.py"),
        ("tests/t.py", "lib.m", "src/lib/m.py"),
        ("top.py", "pkg", "pkg/__init__.py"),
        ("top.py", "numpy", None),
        ("top.py", "pkg.nothing", None),
        ("top.py", "tests", None),
        ("top.py", ".....outside", None),
        ("top.py", "..outside", None),
        ("web/app.js", "./util", "web/util.ts"),
        ("web/app.js", "./widgets", "web/widgets/index.js"),
        ("web/app.js", "../web/util.js", "web/util.ts"),
        ("web/app.js", "./../../outside", None),
        ("web/app.js", "react", None),
        ("web/app.js", "./a\0b", None),
    ],
)
def test_modules(
    root: Path, editor: Editor, importer: str, module: str, expected: str | None
) -> None:
    for path in ("pkg/__init__.py", "pkg/a.py", "pkg/b.py", "pkg/sub/__init__.py", "pkg/sub/c.py"):
        write(root, path)
    for path in ("both.py", "both/__init__.py", "src/lib/m.py", "tests/t.py", "../outside.py"):
        write(root, path)
    for path in ("web/app.js", "web/util.ts", "web/widgets/index.js", "../outside.js"):
        write(root, path)
    found = editor.module(root / importer, module)
    assert found == (root / expected if expected else None)


def test_a_module_in_another_root(root: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "other", "lib.py").parent
    assert Editor(root, other).module(root / "a.py", "lib") == other / "lib.py"
    assert Editor(root).module(root / "a.py", "lib") is None


def test_a_module_that_is_only_in_a_buffer(root: Path, editor: Editor) -> None:
    editor.open(root / "new.py", "x = 1\n")
    assert editor.module(root / "a.py", "new") == root / "new.py"


def test_a_module_for_a_file_from_elsewhere(root: Path, editor: Editor) -> None:
    write(root, "lib.py")
    assert editor.module(Path("/elsewhere/a.py"), "lib") == root / "lib.py"
    assert editor.module(Path("/elsewhere/a.py"), ".lib") is None


def test_modules_that_import_each_other(root: Path, editor: Editor) -> None:
    one = write(root, "one.py", "import two\nimport one\n")
    two = write(root, "two.py", "from one import *\n")
    assert editor.module(one, "two") == two
    assert editor.module(two, "one") == one
    assert editor.module(one, "one") == one


# Callers.


def test_callers(root: Path, editor: Editor) -> None:
    write(root, "a.py", "def g():\n    f()\n    x.f()\n")
    file = write(root, "b/c.py", "f()\nclass C:\n    def m(self): self.f()\n")
    indexed(root)
    assert editor.callers("f") == [("a.py", "g", 2), ("c.py", "", 1), ("c.py", "C.m", 3)]
    assert editor.callers("f", limit=2) == [("a.py", "g", 2), ("c.py", "", 1)]
    assert CallSite(str(file), "C.m", 3) in editor.workspace.callers("f")
    assert editor.callers("nothing") == []
    assert editor.callers("\ud800") == []


def test_callers_in_tests_come_last(root: Path, editor: Editor) -> None:
    write(root, "a/test_a.py", "f()\n")
    write(root, "b.py", "f()\n")
    indexed(root)
    assert editor.callers("f") == [("b.py", "", 1), ("test_a.py", "", 1)]


def test_callers_in_a_buffer_replace_those_of_its_file(root: Path, editor: Editor) -> None:
    file = write(root, "a.py", "def g(): f()\n")
    write(root, "b.py", "def h(): f()\n")
    indexed(root)
    editor.open(file, "\n\ndef new(): f(); f()\n")
    assert editor.callers("f") == [("a.py", "new", 3), ("b.py", "h", 1)]
    editor.open(file, "def g(): ...\n")
    assert editor.callers("f") == [("b.py", "h", 1)]


def test_callers_in_a_file_that_has_changed_since(root: Path, editor: Editor) -> None:
    changed = write(root, "a.py", "def g(): f()\n")
    gone = write(root, "b.py", "def h(): f()\n")
    indexed(root)
    changed.write_text("\n\n\ndef g(): f()\n")
    gone.unlink()
    assert editor.callers("f") == [("a.py", "g", 4)]


def test_callers_without_an_index(root: Path, editor: Editor) -> None:
    write(root, "a.py", "f()\n")
    assert editor.callers("f") == []


# Search.


def test_a_name_comes_before_a_mention_and_code_before_its_test(root: Path, editor: Editor) -> None:
    write(root, "a.py", "def other():\n    '''Pays an invoice.'''\n")
    write(root, "b.py", "def pay_invoice(): ...\n")
    write(root, "tests/test_b.py", "def test_pay_invoice():\n    '''Pays an invoice.'''\n")
    write(root, "README.md", "# Paying\n\nPay each invoice.\n")
    indexed(root)
    found = editor.search("How do I pay an invoice?")
    assert found[0] == ("b.py", "pay_invoice")
    assert found[-1] == ("test_b.py", "test_pay_invoice")
    assert set(found) >= {("a.py", "other"), ("README.md", "Paying")}
    assert editor.search("test that pays an invoice")[0][0] == "test_b.py"
    assert editor.search("pay an invoice", limit=1) == [("b.py", "pay_invoice")]


def test_scores_and_lines(root: Path, editor: Editor) -> None:
    write(root, "a.md", "# One\ntext\n## Two\nother text\n")
    indexed(root)
    (found,) = editor.workspace.search("other")
    assert (found.path, found.lines, found.title) == (str(root / "a.md"), (3, 4), "Two")
    assert found.score > 0
    scores = [each.score for each in editor.workspace.search("text other one two")]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("words", ["", "?", "the", "\0", "\ud800", '" OR (', "x" * 100_000, "*"])
def test_any_text_can_be_searched_for(root: Path, editor: Editor, words: str) -> None:
    write(root, "a.py", "def f(): ...\n")
    indexed(root)
    assert editor.search(words) == []


def test_what_was_found_is_where_it_is_now(root: Path, editor: Editor) -> None:
    buffer = write(root, "buffer.py", "def pay(): ...\n")
    changed = write(root, "changed.md", "# Pay\n")
    gone = write(root, "gone.py", "def pay(): ...\n")
    renamed = write(root, "renamed.py", "def pay(): ...\n")
    indexed(root)
    editor.open(buffer, "\n\ndef pay(): ...\n")
    changed.write_text("# First\n\n# Pay\nall\n")
    gone.unlink()
    renamed.write_text("def other(): ...\n")
    found = {Path(each.path).name: each.lines for each in editor.workspace.search("pay")}
    assert found == {"buffer.py": (3, 3), "changed.md": (3, 4)}


# Several roots.


def test_several_roots_are_asked_all(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write(root, "a.py", "def pay(): f()\n")
    write(other, "b.py", "def pay(): f()\n")
    indexed(root, other)
    editor = Editor(root, other)
    assert sorted(editor.callers("f")) == [("a.py", "pay", 1), ("b.py", "pay", 1)]
    assert sorted(editor.search("pay")) == [("a.py", "pay"), ("b.py", "pay")]


def test_a_file_of_a_root_in_a_root_is_found_once(root: Path) -> None:
    inner = write(root, "inner/a.py", "def pay(): f()\n").parent
    indexed(root, inner)
    editor = Editor(root, inner)
    assert editor.callers("f") == [("a.py", "pay", 1)]
    assert editor.search("pay") == [("a.py", "pay")]
    assert editor.names(inner / "a.py") == ["pay"]
    editor.open(inner / "a.py", "def pay(): f()\n")
    assert editor.callers("f") == [("a.py", "pay", 1)]
    assert editor.search("pay") == [("a.py", "pay")]


def test_a_root_in_an_environment_below_another_root(root: Path) -> None:
    write(root, "env/pyvenv.cfg")
    inner = write(root, "env/lib/a.py", "def pay(): f()\n").parent
    assert Editor(root).names(inner / "a.py") is None
    assert Editor(root, inner).names(inner / "a.py") == ["pay"]


# Damaged indexes.


def damage_all(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(PAGE)
        file.write(b"\xff" * (path.stat().st_size - PAGE))


def replace_by_garbage(path: Path) -> None:
    path.write_bytes(b"garbage" * 1000)


@pytest.mark.parametrize("damage", [damage_all, replace_by_garbage])
def test_a_damaged_index_counts_as_none_and_is_told_of_once(
    root: Path, editor: Editor, damage: Callable[[Path], None]
) -> None:
    file = write(root, "a.py", "def pay(): f()\n")
    indexed(root)
    damage(database(root))
    for _ in range(2):
        assert editor.callers("f") == []
        assert editor.search("pay") == []
        assert editor.names(file) == ["pay"]
    assert editor.damaged == [root]
    indexed(root)
    assert editor.callers("f") == [("a.py", "pay", 1)]


def test_an_index_that_is_not_there_is_no_damage(root: Path, editor: Editor) -> None:
    assert editor.callers("f") == []
    database(root).parent.mkdir(parents=True)
    database(root).touch()
    assert editor.callers("f") == []
    assert editor.damaged == []
