import httpx


class Items:
    """All things of the shop, loaded one by one."""

    def __init__(self, *numbers):
        self.numbers = list(numbers)

    def __aiter__(self):
        return self

    async def __anext__(self):
        async with httpx.AsyncClient(follow_redirects=True, timeout=None) as client:
            while self.numbers:
                answer = await client.get(f"https://shop.example/items/{self.numbers.pop(0)}")
                if answer.status_code == 200:
                    return answer.json()["name"]

        raise StopAsyncIteration  # nothing left
