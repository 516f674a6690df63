import asyncio


async def fill(cups: int) -> list[str]:
    """Fill cups at the one tap there is."""
    tap = asyncio.Lock()
    filled = []
    for number in range(cups):
        async with tap:
            await asyncio.sleep(0.2)
            filled.append(f"cup {number}")

        if tap.locked():
            filled.append("dripping")
    return filled
