"""One worker for all windows of a person: shared, left, killed, and closed to everybody else."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from qwlsp.engine import links
from qwlsp.engine.messages import EngineConfig, Piece, Reading, Start, encode
from qwlsp.errors import EngineError
from tests.engine.asking import HANGS, LONG, Engine, all_of, chat, done, first, text_of
from tests.processes import all_end

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="workers are not shared there")
ENDS = 5.0
"""Seconds at most that a worker outlives its last client."""


@pytest.fixture
async def windows(
    tiny_model: Path, home: Path, runtime_folder: Path
) -> AsyncIterator[list[Engine]]:
    found = [Engine(tiny_model, home) for _ in range(5)]
    yield found
    await asyncio.gather(*(window.close() for window in found))


@pytest.fixture(autouse=True)
def nothing_is_left(runtime_folder: Path) -> Iterator[None]:
    yield
    assert not list(runtime_folder.glob("*.sock"))


def has_ended(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return all_end([psutil.Process(pid)], ENDS)
    return True


async def test_five_windows_share_one_worker(windows: list[Engine]) -> None:
    answers = await asyncio.gather(*(text_of(window.ask("Explain.")) for window in windows))
    assert len(set(answers)) == 1
    assert len({window.pid for window in windows}) == 1


async def test_what_one_window_read_the_others_need_not_read(windows: list[Engine]) -> None:
    one = await done(windows[0].ask(LONG))
    other = await done(windows[1].ask(LONG))
    assert (one.reused_tokens, other.reused_tokens) == (0, other.prompt_tokens - 1)


async def test_the_same_request_numbers_do_not_mix(windows: list[Engine]) -> None:
    alone = [await text_of(windows[0].ask(text)) for text in ("One.", "Two.")]
    both = await asyncio.gather(text_of(windows[1].ask("One.")), text_of(windows[2].ask("Two.")))
    assert both == alone


async def test_cancelling_in_one_window_leaves_the_others_alone(windows: list[Engine]) -> None:
    expected = await text_of(windows[0].ask("Two.", max_tokens=50))
    events = windows[0].ask(LONG)
    await first(Reading, events)
    other = asyncio.create_task(text_of(windows[1].ask("Two.", max_tokens=50)))
    await events.aclose()
    assert await other == expected


async def test_a_person_in_one_window_comes_before_reading_ahead_in_another(
    windows: list[Engine],
) -> None:
    ahead = windows[0].read_ahead([chat(LONG)], save_power=False)
    await first(Reading, ahead)
    await done(windows[1].ask("Explain."))
    rest = await all_of(ahead)
    assert isinstance(rest[0], Reading)
    assert rest[0].read < rest[0].total


async def test_the_worker_lives_as_long_as_any_window(windows: list[Engine]) -> None:
    for window in windows:
        await window.start()
    pid = windows[0].pid
    assert pid is not None
    for window in windows[:-1]:
        await window.close()
        assert (await done(windows[-1].ask("Explain."))).finish == "length"
    assert windows[-1].pid == pid
    await windows[-1].close()
    assert has_ended(pid)


async def test_a_killed_worker_costs_the_answer_in_flight(windows: list[Engine]) -> None:
    expected = await text_of(windows[0].ask("Next."))
    await asyncio.gather(*(window.start() for window in windows))
    in_flight = [window.ask("Explain.", max_tokens=2000) for window in windows]
    await first(Piece, in_flight[0])
    waiting = [asyncio.create_task(all_of(events)) for events in in_flight]
    pid = windows[0].pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    lost, *later = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(lost, EngineError)
    assert not [outcome for outcome in later if isinstance(outcome, BaseException)]
    answers = await asyncio.gather(*(text_of(window.ask("Next.")) for window in windows))
    assert set(answers) == {expected}
    assert len({window.pid for window in windows} - {pid}) == 1


WINDOW = """
import asyncio, sys
from pathlib import Path
from tests.engine.asking import Engine

async def main():
    window = Engine(Path(sys.argv[1]), Path(sys.argv[2]))
    async for _ in window.ask("Explain. " * 500, max_tokens=2000):
        print(window.pid, flush=True)

asyncio.run(main())
"""


async def test_the_window_that_started_the_worker_is_killed(
    tiny_model: Path, home: Path, windows: list[Engine]
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WINDOW, str(tiny_model), str(home)], stdout=subprocess.PIPE
    ) as window:
        assert window.stdout is not None
        pid = int(await asyncio.to_thread(window.stdout.readline))
        expected = await text_of(windows[0].ask("Explain."))
        window.kill()
    assert await text_of(windows[0].ask("Explain.")) == expected
    assert windows[0].pid == pid
    await windows[0].close()
    assert has_ended(pid)


async def test_other_settings_have_a_worker_of_their_own(
    tiny_model: Path, home: Path, windows: list[Engine]
) -> None:
    other = Engine(tiny_model, home, context_size=600)
    await asyncio.gather(windows[0].start(), other.start())
    assert windows[0].pid != other.pid
    await other.close()
    assert (await done(windows[0].ask("Explain."))).finish == "length"


async def test_a_model_that_was_replaced_is_another_one(tiny_model: Path, home: Path) -> None:
    path = home.parent / "model.gguf"
    path.write_bytes(tiny_model.read_bytes())
    before = Engine(path, home)
    await before.start()
    os.utime(path, (0, 0))
    after = Engine(path, home)
    await after.start()
    assert before.pid != after.pid
    await asyncio.gather(before.close(), after.close())


async def test_the_worker_waits_for_the_next_window_where_a_person_wants_that(
    tiny_model: Path, home: Path, runtime_folder: Path
) -> None:
    one, two = Engine(tiny_model, home), Engine(tiny_model, home)
    one.unload_after = 600
    await done(one.ask("Explain."))
    pid = one.pid
    await one.close()
    assert (await done(two.ask("Explain."))).reused_tokens > 0
    assert two.pid == pid
    assert pid is not None
    await two.close()  # it wants no such thing, but the other one does
    os.kill(pid, signal.SIGKILL)
    [path] = runtime_folder.glob("*.sock")
    path.unlink()


# Nobody else


async def test_whoever_does_not_know_the_secret_is_turned_away(
    tiny_model: Path, windows: list[Engine], runtime_folder: Path
) -> None:
    await windows[0].start()
    assert stat.S_IMODE(runtime_folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((runtime_folder / "secret").stat().st_mode) == 0o600
    [path] = runtime_folder.glob("*.sock")
    for words in (
        encode(Start(config=EngineConfig(model_path=str(tiny_model)), secret="guess")),
        b"GET / HTTP/1.1\r\n\r\n",
    ):
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(words)
        with suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(), HANGS) == b""
        writer.close()
    assert (await done(windows[0].ask("Explain."))).finish == "length"


@pytest.mark.parametrize("what", ["open to others", "a file", "a link"])
async def test_a_folder_that_is_not_ours_alone_is_not_used(
    windows: list[Engine], runtime_folder: Path, what: str
) -> None:
    if what == "open to others":
        runtime_folder.mkdir()
        runtime_folder.chmod(0o755)
    elif what == "a file":
        runtime_folder.touch()
    else:
        runtime_folder.symlink_to(runtime_folder.parent)
    answers = [await text_of(window.ask("Explain.")) for window in windows[:2]]
    assert answers[0] == answers[1]
    assert windows[0].pid != windows[1].pid


async def test_a_path_too_long_for_a_socket(
    windows: list[Engine], runtime_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = runtime_folder.parent / ("x" * 120)
    long.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    assert (await done(windows[0].ask("Explain."))).finish == "length"


async def test_a_socket_that_nobody_listens_to_is_replaced(
    windows: list[Engine], runtime_folder: Path
) -> None:
    await windows[0].start()
    [path] = runtime_folder.glob("*.sock")
    await windows[0].close()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    assert (await done(windows[0].ask("Explain."))).finish == "length"


async def test_a_window_that_has_stopped_reading_does_not_hold_up_the_others(
    tiny_model: Path, home: Path, windows: list[Engine]
) -> None:
    stuck = await links.reach(windows[0].config, home)
    stuck.writer.write(encode(Start(config=windows[0].config, secret=stuck.secret)))
    await windows[0].start()
    assert isinstance(stuck, links.SharedLink)
    stuck.writer.transport.pause_reading()  # type: ignore[attr-defined]
    assert (await done(windows[0].ask("Explain."))).finish == "length"
    stuck.hang_up()
    stuck.writer.transport.resume_reading()  # type: ignore[attr-defined]
    await stuck.reader.read()
    await stuck.ended()


async def test_a_stopped_worker_holds_up_no_window_that_closes(windows: list[Engine]) -> None:
    await asyncio.gather(*(window.start() for window in windows))
    pid = windows[0].pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.wait_for(windows[0].close(), HANGS)
        late = asyncio.create_task(windows[0].start())
        await windows[0].loading.wait()
        late.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.wait_for(late, HANGS)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert (await done(windows[1].ask("Explain."))).finish == "length"
    assert windows[1].pid == pid


@pytest.mark.parametrize("words", [b"", b"guess", b"\xff\xfe", "\u00e9".encode() * 64])
async def test_a_secret_that_was_lost_is_made_anew(
    windows: list[Engine], runtime_folder: Path, words: bytes
) -> None:
    await windows[0].start()
    (runtime_folder / "secret").write_bytes(words)
    assert (await done(windows[1].ask("Explain."))).finish == "length"
    assert windows[1].pid != windows[0].pid
    assert (await done(windows[0].ask("Explain."))).finish == "length"


async def test_a_socket_that_is_not_its_own_is_left_alone(
    windows: list[Engine], runtime_folder: Path
) -> None:
    await windows[0].start()
    [path] = runtime_folder.glob("*.sock")
    path.unlink()
    await windows[1].start()
    assert windows[0].pid != windows[1].pid
    await windows[0].close()
    assert path.exists()
    await windows[2].start()
    assert windows[2].pid == windows[1].pid


async def test_windows_take_turns(windows: list[Engine]) -> None:
    await asyncio.gather(*(window.start() for window in windows))
    order: list[str] = []

    async def ask(window: Engine, name: str) -> None:
        await done(window.ask(name, max_tokens=20))
        order.append(name)

    running = windows[0].ask(LONG)
    await first(Reading, running)  # the others wait behind it
    many = [asyncio.create_task(ask(windows[0], f"many {number}")) for number in range(4)]
    await asyncio.sleep(0)
    one = asyncio.create_task(ask(windows[1], "one"))
    await windows[1].count(["x"], roles=["user"], seconds=1)  # it has come
    await running.aclose()
    await asyncio.gather(*many, one)
    assert order.index("one") <= 1


async def test_a_relative_runtime_folder_is_not_used(
    windows: list[Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "relative")
    monkeypatch.setattr(links.tempfile, "gettempdir", lambda: "/nowhere at all")
    assert (await done(windows[0].ask("Explain."))).finish == "length"
