# kind: jump_in_finally
import logging

log = logging.getLogger(__name__)


class GaveUpError(Exception):
    """No attempt got through."""


def send_with_retries(send, message, attempts=3):
    """Send a message, trying again on OSError; return the number of attempts it took.

    Raises GaveUpError if none worked; other errors pass through.
    """
    used = 0
    while used < attempts:
        used += 1
        try:
            send(message)
        except OSError as error:
            log.warning("attempt %d failed: %s", used, error)
        else:
            return used
        finally:
            if used == attempts:
                break
    raise GaveUpError(f"{attempts} attempts")
