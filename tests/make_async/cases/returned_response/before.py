import requests


def fetch(url):
    """A page, as an answer with all that belongs to it."""
    return requests.get(url, headers={"Accept-Language": "en"})


def title_and_size(url):
    """The first line and the size of a page."""
    answer = fetch(url)
    if not answer.ok or answer.encoding == "none":
        return None
    return answer.text.splitlines()[0], len(answer.content)


def size(url):
    answer = fetch(url)
    return answer.status_code if answer.status_code != 200 else len(answer.content)
