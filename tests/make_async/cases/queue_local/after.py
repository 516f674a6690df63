import asyncio


async def visit(graph, start):
    """All places that can be reached, nearest first."""
    waiting = asyncio.Queue()
    await waiting.put(start)
    seen = [start]

    while not waiting.empty():
        place = await waiting.get()
        await asyncio.sleep(0.1)  # one place at a time
        for neighbour in graph.get(place, ()):
            if neighbour not in seen:
                seen.append(neighbour)
                await waiting.put(neighbour)
    return seen
