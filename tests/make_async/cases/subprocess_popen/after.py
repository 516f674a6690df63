import asyncio
import subprocess


async def shout(*lines):
    """Lines in capitals, sorted, each by a program of its own."""
    text = "\n".join(lines) + "\n"
    for command in (["sort"], ["tr", "a-z", "A-Z"]):
        process = await asyncio.to_thread(subprocess.Popen,
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        output, _ = await asyncio.to_thread(process.communicate, text.encode())
        if process.returncode:
            raise RuntimeError(f"{command[0]} failed")
        text = output.decode()
    return text.split()
