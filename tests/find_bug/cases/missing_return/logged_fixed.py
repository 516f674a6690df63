# kind: missing_return
import functools
import logging
import time

log = logging.getLogger(__name__)


def logged(function):
    """Make a function write its name and its milliseconds to the log after each call.

    Results and errors stay those of the function.
    """

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        started = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            elapsed = (time.perf_counter() - started) * 1000
            log.debug("%s took %.1f ms", function.__name__, elapsed)

    return wrapper
