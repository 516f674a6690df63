import logging

import requests

log = logging.getLogger(__name__)


def item_name(number: int) -> str:
    """The name of a thing in the shop."""
    answer = requests.get("https://shop.example/items/%d" % number)
    try:
        answer.raise_for_status()
    except requests.HTTPError as error:
        # Not sold any more, most likely.
        log.info("no item %d: %s", number, error)
        return f"unknown ({error.response.status_code})"
    return answer.json()["name"]
