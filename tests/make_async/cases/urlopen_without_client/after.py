import asyncio
import json
import urllib.request


async def forecast(city: str) -> str:
    """Today's weather as a sentence."""
    with await asyncio.to_thread(urllib.request.urlopen, f"https://weather.example/{city}", timeout=10) as reply:
        data = json.loads((await asyncio.to_thread(reply.read)).decode())

    sign = "-" if data["degrees"] < 0 else "+"
    return f"{data['city']}: {sign}{abs(data['degrees'])}"
