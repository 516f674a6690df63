"""The worker process: owns the model and answers framed messages.

A crash in llama.cpp ends this process and nothing else. The main thread owns every llama.cpp
call; others read messages, so that a cancel is seen while the model is at work.
`python -m qwlsp.engine.worker` serves the program that has started it, on its standard streams;
with the descriptor of a listening socket as an argument, it serves all that connect to that.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING

from qwlsp.engine.clients import PATIENCE, Client, Clients, Listener, on_pipes
from qwlsp.engine.messages import Done, Failed, Generate, LoadFailed, Start
from qwlsp.engine.scheduler import Job, Scheduler, Stopped
from qwlsp.errors import PromptTooLong, QwlspError

if TYPE_CHECKING:
    from qwlsp.engine.generation import Runner
    from qwlsp.engine.loading import Loaded

IDLE_SECONDS = 2.0
"""Of silence, before the worker spends time on what can wait."""


def main() -> None:
    """Serve until the last client has gone."""
    if len(sys.argv) > 1:
        _serve_all(Listener(int(sys.argv[1])))
        return
    client = on_pipes()
    start = client.receive()
    if isinstance(start, Start):
        _serve(client, start, None)


def _serve_all(listener: Listener) -> None:
    client = listener.accept(PATIENCE)
    start = listener.greeted(client) if client else None
    if client is not None and start is not None:
        _serve(client, start, listener)
    listener.remove()


def _serve(first: Client, start: Start, listener: Listener | None) -> None:
    # Else an assertion that fails in llama.cpp starts a debugger, and that takes seconds.
    os.environ.setdefault("GGML_NO_BACKTRACE", "1")
    try:
        from qwlsp.backends.llama import AbortFlag
        from qwlsp.engine.loading import load
    except (ImportError, OSError) as error:  # e.g. built for another C library
        first.send(LoadFailed(sentence=f"llama-cpp-python can't be loaded: {error}."))
        return
    abort = AbortFlag()
    scheduler = Scheduler(abort)
    clients = Clients(scheduler, listener)
    clients.welcome(first, start)
    if listener is not None:
        threading.Thread(target=clients.welcome_all, args=(listener,), daemon=True).start()
    try:
        loaded = load(start.config, abort=abort, check=scheduler.check)
    except QwlspError as error:
        clients.failed(str(error))
        return
    clients.loaded(loaded.ready, loaded.tokenizer)
    _work(loaded, scheduler, clients)


def _work(loaded: Loaded, scheduler: Scheduler, clients: Clients) -> None:
    """Do what comes, for ever."""
    timeout: float | None = IDLE_SECONDS
    answered = False
    while True:
        job = scheduler.take(timeout)
        if job is None:
            more = _use_idle_time(loaded, answered=answered)
            timeout = IDLE_SECONDS if more else None
        else:
            _do(job, loaded.runner, scheduler)
            clients.used()
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


def _do(job: Job, runner: Runner, scheduler: Scheduler) -> None:
    """Do a job, or as much of it as there is time for."""
    request, send = job.request, job.client.send
    try:
        run = runner.run if isinstance(request, Generate) else runner.read_ahead
        for event in run(request):  # type: ignore[arg-type]
            send(event)
    except Stopped:
        if not scheduler.give_back(job):
            send(Done(id=request.id, finish="cancelled"))
    except PromptTooLong as error:
        send(Failed(id=request.id, sentence=str(error), tokens=error.tokens, limit=error.limit))
    except QwlspError as error:
        send(Failed(id=request.id, sentence=str(error)))


if __name__ == "__main__":
    main()
