import asyncio


async def serve(orders):
    """Serve all orders, and then close."""
    line = asyncio.Queue(maxsize=len(orders))
    for order in orders:
        line.put_nowait(order)

    served = []
    while True:
        try:
            order = line.get_nowait()
        except asyncio.QueueEmpty:
            break  # nobody left
        await asyncio.sleep(len(order))
        served.append(order.upper())
        line.task_done()
    await line.join()
    return served
