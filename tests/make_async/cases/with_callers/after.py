import asyncio


async def knead(dough, minutes=10):
    await asyncio.sleep(minutes * 60)
    return f"kneaded {dough}"


async def make_bread(flour):
    """Bread from flour."""
    dough = f"{flour} dough"
    return await knead(dough), "baked"


async def make_buns(flour):
    """Buns are small breads."""
    bread, how = await make_bread(flour)
    return [f"{how} bun of {bread}" for _ in range(2)]
