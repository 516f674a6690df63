import requests


def state(url):
    """What is wrong with a server, in a word."""
    try:
        response = requests.get(url, timeout=2)
        response.raise_for_status()
    except requests.Timeout:
        return "slow"
    except requests.exceptions.ConnectionError:
        return "down"
    except requests.RequestException:  # anything else, also a bad status
        return "broken"
    else:
        return "fine"


def states():
    """All servers we know."""
    names = ["slow", "down", "broken", "news"]
    return {name: state(f"https://{name}.example/") for name in names}
