import asyncio

import api


async def weather_report(*cities):
    """One line a city."""
    lines = []
    for city in cities:
        degrees = await asyncio.to_thread(api.degrees, city)
        lines.append(f"{city.title()}: {degrees}")
        if degrees < 0:
            lines.append("  " + api.advice(degrees))
    return lines
