import asyncio
import queue
import threading


def count_down(numbers, results):
    """Runs in a thread: numbers in, words out, until None comes."""
    while (number := numbers.get()) is not None:
        results.put(f"{number}!")


async def launch(start=3):
    """Count down, with a thread that does the shouting."""
    numbers, results = queue.Queue(), queue.Queue()
    shouter = threading.Thread(target=count_down, args=(numbers, results), daemon=True)
    shouter.start()
    for number in range(start, 0, -1):
        await asyncio.to_thread(numbers.put, number)
        await asyncio.sleep(1)
    await asyncio.to_thread(numbers.put, None)

    heard = [await asyncio.to_thread(results.get) for _ in range(start)]
    await asyncio.to_thread(shouter.join)
    return heard
