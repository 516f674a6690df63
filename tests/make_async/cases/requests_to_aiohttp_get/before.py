import requests


def rates(base="EUR"):
    """Exchange rates; the server is old, and sends JSON as text/html."""
    answer = requests.get("https://legacy.example/rates", params={"base": base})
    if answer.status_code != 200:
        return {}
    return answer.json()
