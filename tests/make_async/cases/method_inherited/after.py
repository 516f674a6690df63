import asyncio


class Animal:
    async def greet(self):
        """Greet, after some thought."""
        await asyncio.sleep(1)
        return self.sound()

    def sound(self):
        return "..."


class Dog(Animal):
    def sound(self):
        return "woof"

    async def meet(self, other: Animal):
        """Two animals greet each other."""
        return f"{await self.greet()} {await other.greet()}"
