import asyncio


async def load(name):
    await asyncio.sleep(0)
    if name == "lost":
        raise LookupError(name)
    return name.title()


async def load_all(names):
    return await asyncio.gather(*map(load, names))


async def catalogue(*names):
    """Titles of some books; one that is lost spoils it."""
    try:
        titles = await load_all(names)
    except LookupError as lost:
        return f"no {lost}", await load("index")
    return ", ".join(titles), len(titles)
