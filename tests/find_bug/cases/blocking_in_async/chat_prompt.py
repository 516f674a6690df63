# kind: blocking_in_async
import asyncio


async def show_incoming(queue):
    """Print messages as they come in."""
    while True:
        author, text = await queue.get()
        print(f"\r{author}: {text}")


async def chat_prompt(queue, send, name):
    """Send what is typed until an empty line, while incoming messages are shown."""
    reader = asyncio.create_task(show_incoming(queue))
    try:
        while True:
            text = input(f"{name}> ")
            if not text.strip():
                return
            await send(name, text)
    finally:
        reader.cancel()
