import asyncio


async def rest(): return await asyncio.sleep(1)


async def nap(minutes): await asyncio.sleep(minutes * 60); await rest()


async def weekend(): await nap(1); await nap(2); return "awake"
