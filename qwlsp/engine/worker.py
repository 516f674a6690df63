"""The worker process: owns the model and answers framed messages on its standard streams.

A crash in llama.cpp ends this process and nothing else. The main thread owns every llama.cpp
call; a second one reads messages, so that a cancel is seen while the model is at work.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

from qwlsp.engine.messages import (
    LENGTH,
    Cancel,
    Count,
    Counted,
    Done,
    EngineConfig,
    Failed,
    Generate,
    LoadFailed,
    ReadAhead,
    Reply,
    Request,
    Start,
    decode,
    encode,
    frame_length,
)
from qwlsp.engine.scheduler import Job, Scheduler, Stopped
from qwlsp.errors import ModelError, PromptTooLong, QwlspError

if TYPE_CHECKING:
    from qwlsp.engine.generation import Runner
    from qwlsp.engine.loading import Loaded
    from qwlsp.engine.tokenizing import ChatTokenizer

IDLE_SECONDS = 2.0
"""Of silence, before the worker spends time on what can wait."""


class Channel:
    """The private pipe to the client."""

    def __init__(self, source: BinaryIO, target: BinaryIO) -> None:
        self._source = source
        self._target = target
        self._sending = threading.Lock()

    def send(self, reply: Reply) -> None:
        """Send one message."""
        with self._sending:
            self._target.write(encode(reply))
            self._target.flush()

    def receive(self) -> Request | None:
        """The next message, None when the client is gone or talks nonsense."""
        header = self._source.read(LENGTH.size)
        if len(header) < LENGTH.size:
            return None
        try:
            message = decode(self._source.read(frame_length(header)))
        except ValueError:  # e.g. half a message, by a client that died while it wrote
            return None
        assert isinstance(message, (Start, Count, Generate, ReadAhead, Cancel))
        return message


def main() -> None:
    """Serve one client until it goes away."""
    channel = _private_channel()
    start = channel.receive()
    try:
        if isinstance(start, Start):
            _serve(channel, start.config)
    except QwlspError as error:
        channel.send(LoadFailed(sentence=str(error)))
    except BrokenPipeError:
        pass  # the client is gone, so nobody is left to tell


def _private_channel() -> Channel:
    """Take the standard streams for ourselves: a stray print must not corrupt a frame."""
    source = os.fdopen(os.dup(0), "rb")
    target = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    return Channel(source, target)


def _serve(channel: Channel, config: EngineConfig) -> None:
    # Else an assertion that fails in llama.cpp starts a debugger, and that takes seconds.
    os.environ.setdefault("GGML_NO_BACKTRACE", "1")
    try:
        from qwlsp.backends.llama import AbortFlag
        from qwlsp.engine.loading import load
    except (ImportError, OSError) as error:  # e.g. built for another C library
        raise ModelError(f"llama-cpp-python can't be loaded: {error}.") from error

    abort = AbortFlag()
    scheduler = Scheduler(abort)
    tokenizer: Future[ChatTokenizer] = Future()
    threading.Thread(target=_receive, args=(channel, scheduler, tokenizer), daemon=True).start()
    loaded = load(config, abort=abort, check=scheduler.check)
    tokenizer.set_result(loaded.tokenizer)
    channel.send(loaded.ready)
    timeout: float | None = IDLE_SECONDS
    answered = False
    while True:
        job = scheduler.take(timeout)
        if job is None:
            more = _use_idle_time(loaded, answered=answered)
            timeout = IDLE_SECONDS if more else None
        else:
            _work(channel, loaded.runner, scheduler, job)
            timeout = IDLE_SECONDS
            answered |= not job.in_background


def _use_idle_time(loaded: Loaded, *, answered: bool) -> bool:
    """Do one piece of what can wait, in at most a few seconds; a request stops it at once. False
    if nothing is left. What runs fastest is measured only after the first answer."""
    try:
        if loaded.memory.save_one():
            return True
        loaded.save_speed()
        return answered and loaded.fitter is not None and loaded.fitter.step()
    except Stopped:
        return True
    except QwlspError:  # e.g. no memory for it
        return False


def _work(channel: Channel, runner: Runner, scheduler: Scheduler, job: Job) -> None:
    """Do a job, or as much of it as there is time for."""
    request = job.request
    try:
        run = runner.run if isinstance(request, Generate) else runner.read_ahead
        for event in run(request):  # type: ignore[arg-type]
            channel.send(event)
    except Stopped:
        if not scheduler.give_back(job):
            channel.send(Done(id=request.id, finish="cancelled"))
    except PromptTooLong as error:
        channel.send(
            Failed(id=request.id, sentence=str(error), tokens=error.tokens, limit=error.limit)
        )
    except QwlspError as error:
        channel.send(Failed(id=request.id, sentence=str(error)))


def _receive(channel: Channel, scheduler: Scheduler, tokenizer: Future[ChatTokenizer]) -> None:
    """Hand messages to the scheduler until the client goes, and with it this process."""
    with suppress(BrokenPipeError):
        while (message := channel.receive()) is not None:
            if isinstance(message, (Generate, ReadAhead)):
                scheduler.submit(message)
            elif isinstance(message, Cancel):
                scheduler.cancel(message.id)
            elif isinstance(message, Count):  # here, because the other thread may be at work
                channel.send(_counted(tokenizer.result(), message))
    os._exit(0)  # whatever the model is doing, nobody waits for it any more


def _counted(tokenizer: ChatTokenizer, request: Count) -> Counted | Failed:
    try:
        return tokenizer.count(request)
    except QwlspError as error:
        return Failed(id=request.id, sentence=str(error))


if __name__ == "__main__":
    main()
