import asyncio

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
async def slow(text):
    await asyncio.sleep(len(text))
    return " ".join(text)
