import requests


def where(url: str) -> str:
    """Tell whether a page has moved, without loading it."""
    answer = requests.head(url)
    if answer.status_code in (301, 308):
        return "moved"

    second = requests.get(url, allow_redirects=False)
    return f"{answer.status_code} {second.status_code}"


def both():
    return [where("https://news.example/latest"), where("https://news.example/")]
