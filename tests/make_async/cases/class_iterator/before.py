import requests


class Items:
    """All things of the shop, loaded one by one."""

    def __init__(self, *numbers):
        self.numbers = list(numbers)

    def __iter__(self):
        return self

    def __next__(self):
        while self.numbers:
            answer = requests.get(f"https://shop.example/items/{self.numbers.pop(0)}")
            if answer.status_code == 200:
                return answer.json()["name"]

        raise StopIteration  # nothing left
