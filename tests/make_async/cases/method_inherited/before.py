import time


class Animal:
    def greet(self):
        """Greet, after some thought."""
        time.sleep(1)
        return self.sound()

    def sound(self):
        return "..."


class Dog(Animal):
    def sound(self):
        return "woof"

    def meet(self, other: Animal):
        """Two animals greet each other."""
        return f"{self.greet()} {other.greet()}"
