import asyncio

LOG = []


async def polling(answers):
    """Ask again and again; says goodbye when nobody listens any more."""
    try:
        for answer in answers:
            await asyncio.sleep(1)
            yield answer
    finally:
        LOG.append("bye")


async def first_good(answers):
    """The first answer that is not empty."""
    async for answer in polling(answers):
        if answer:
            break
    else:
        answer = "none"
    return answer
