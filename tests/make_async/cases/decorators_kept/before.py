import time

COMMANDS = {}


def command(name, *, hidden=False):
    """Register a command of the bot."""

    def register(function):
        function.hidden = hidden
        COMMANDS[name] = function
        return function

    return register


@command("slow")
@command(
    "snail",
    hidden=True,  # not in the help
)
# People like this one.
def slow(text):
    time.sleep(len(text))
    return " ".join(text)
