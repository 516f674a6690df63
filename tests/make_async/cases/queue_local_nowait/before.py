import queue
import time
from queue import Empty


def serve(orders):
    """Serve all orders, and then close."""
    line = queue.Queue(maxsize=len(orders))
    for order in orders:
        line.put_nowait(order)

    served = []
    while True:
        try:
            order = line.get_nowait()
        except Empty:
            break  # nobody left
        time.sleep(len(order))
        served.append(order.upper())
        line.task_done()
    line.join()
    return served
