import httpx


async def state(url):
    """What is wrong with a server, in a word."""
    async with httpx.AsyncClient(follow_redirects=True, timeout=None) as client:
        try:
            response = await client.get(url, timeout=2)
            response.raise_for_status()
        except httpx.TimeoutException:
            return "slow"
        except httpx.ConnectError:
            return "down"
        except (httpx.HTTPError, ValueError):  # anything else, also a bad status
            return "broken"
        else:
            return "fine"


async def states():
    """All servers we know."""
    names = ["slow", "down", "broken", "news"]
    return {name: await state(f"https://{name}.example/") for name in names}
