import asyncio


async def ask_owner(question):
    """Ask the owner, who thinks about it."""
    await asyncio.sleep(10)
    return f"{question}: yes"


def twice(prefix):
    def decorate(function):
        return lambda: f"{prefix} / {function()}"

    return decorate


async def permission():
    """Ask twice, before and inside a nested function."""

    @twice(await ask_owner("may I"))
    def answer(default=await ask_owner("really")):
        return default  # was asked when this was defined

    class Form:
        signed = True

    return answer(), Form.signed
