# kind: blocking_in_async
import asyncio
import subprocess
from pathlib import PurePath


def thumbnail_command(image, size):
    """Return the command that writes a small copy next to an image."""
    path = PurePath(image)
    target = path.with_name(f"{path.stem}_thumb{path.suffix}")
    return ["magick", image, "-thumbnail", f"{size}x{size}", str(target)]


async def make_thumbnails(images, notify, size=160):
    """Make the thumbnails of images one after the other, announcing each one."""
    for image in images:
        command = thumbnail_command(image, size)
        await asyncio.to_thread(subprocess.run, command, check=True)
        await notify(image)
