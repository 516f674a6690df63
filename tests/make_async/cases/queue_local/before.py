import queue
import time


def visit(graph, start):
    """All places that can be reached, nearest first."""
    waiting = queue.Queue()
    waiting.put(start)
    seen = [start]

    while not waiting.empty():
        place = waiting.get()
        time.sleep(0.1)  # one place at a time
        for neighbour in graph.get(place, ()):
            if neighbour not in seen:
                seen.append(neighbour)
                waiting.put(neighbour)
    return seen
