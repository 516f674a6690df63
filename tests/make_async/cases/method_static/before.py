import time


class Mail:
    """Letters, with the rules of the post office."""

    @staticmethod
    def postage(grams):
        """What a letter costs."""
        return 1 if grams <= 20 else 2

    @staticmethod
    def deliver(letter):
        time.sleep(24)
        return f"{letter} delivered"

    def send(self, letter, grams):
        """Send a letter; it arrives the next day."""
        cost = self.postage(grams)
        return f"{Mail.deliver(letter)} for {cost}"
