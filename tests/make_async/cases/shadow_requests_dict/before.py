import time

requests = {"ada": ["bread"], "bo": []}


def serve(name):
    """Serve what a guest has asked for."""
    wanted = requests.get(name, [])
    if not wanted:
        return "nothing"
    time.sleep(len(wanted))
    requests.pop(name)
    return ", ".join(wanted)
