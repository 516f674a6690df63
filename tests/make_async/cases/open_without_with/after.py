import asyncio


async def last_line(path, encoding="latin-1"):
    """The last line of a text, without its end."""
    text = await asyncio.to_thread(open, path, encoding=encoding)
    try:
        lines = await asyncio.to_thread(text.readlines)
        # An empty file has no last line.
        return lines[-1].rstrip("\n") if lines else None
    finally:
        await asyncio.to_thread(text.close)
