import asyncio
import subprocess


async def sorted_words(text):
    """The words of a text, sorted by a program."""
    result = await asyncio.to_thread(subprocess.run,
        [
            "sort",
            # no -u: words may come twice
        ],
        input=text.replace(" ", "\n") + "\n", text=True,
        # The output is what we want,
        stdout=subprocess.PIPE,
    )  # and errors go to the screen
    await asyncio.sleep(
        1,  # second
    )

    return result.stdout.split()
