import queue
import threading
import time


def count_down(numbers, results):
    """Runs in a thread: numbers in, words out, until None comes."""
    while (number := numbers.get()) is not None:
        results.put(f"{number}!")


def launch(start=3):
    """Count down, with a thread that does the shouting."""
    numbers, results = queue.Queue(), queue.Queue()
    shouter = threading.Thread(target=count_down, args=(numbers, results), daemon=True)
    shouter.start()
    for number in range(start, 0, -1):
        numbers.put(number)
        time.sleep(1)
    numbers.put(None)

    heard = [results.get() for _ in range(start)]
    shouter.join()
    return heard
