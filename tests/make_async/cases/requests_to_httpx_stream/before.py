import hashlib

import requests


def checksum(url: str) -> tuple[int, str]:
    """Size and MD5 of a file, without keeping all of it in memory."""
    digest = hashlib.md5(usedforsecurity=False)
    size = 0
    response = requests.get(url, stream=True, timeout=(3, 30))
    for chunk in response.iter_content(chunk_size=4):
        size += len(chunk)
        digest.update(chunk)

    return size, digest.hexdigest()[:6]
