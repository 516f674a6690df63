import asyncio
import subprocess


async def deploy(folder: str) -> str:
    """Pull the newest version, and say what came of it."""
    result = await asyncio.to_thread(subprocess.run,
        ["git", "pull"],
        cwd=folder,  # where the checkout lies
        capture_output=True,
        text=True,
    )

    if result.returncode != 0:
        return f"failed: {result.stderr.strip()}"
    return result.stdout
