import subprocess
import sys


def free_space(folder):
    """Whether the disk of a folder can be asked, and how it went."""
    if subprocess.call(["df", "-h", folder]) or not sys.platform:
        return "unknown"
    return "asked"
