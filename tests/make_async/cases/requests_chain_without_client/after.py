import asyncio

import requests


async def degrees(city):
    # One expression, three steps: only the first of them waits.
    return (await asyncio.to_thread(requests.get, "https://weather.example/" + city)).json()["degrees"]


async def warmer(first, second):
    """Which of two cities is warmer."""
    return first if await degrees(first) > await degrees(second) else second
