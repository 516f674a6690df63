from urllib.error import HTTPError
from urllib.request import Request, urlopen


def logo(name):
    """A picture, or an empty one where there is none."""
    request = Request(f"https://files.example/{name}", headers={"Accept": "image/svg"})
    try:
        return urlopen(request).read()
    except HTTPError as error:
        if error.code == 404:
            return b""
        raise


def sizes(*names):
    """Bytes of each picture."""
    return [len(logo(name)) for name in names]
