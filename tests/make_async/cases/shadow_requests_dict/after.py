import asyncio

requests = {"ada": ["bread"], "bo": []}


async def serve(name):
    """Serve what a guest has asked for."""
    wanted = requests.get(name, [])
    if not wanted:
        return "nothing"
    await asyncio.sleep(len(wanted))
    requests.pop(name)
    return ", ".join(wanted)
