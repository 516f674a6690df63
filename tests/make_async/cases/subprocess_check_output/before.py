from subprocess import check_output

VERSION = "1.4"


def version() -> str:
    """The version with the commit behind it."""
    commit = check_output(["git", "rev-parse", "HEAD"]).decode().strip()
    dirty = check_output("git status --short", shell=True, text=True).splitlines()

    return f"{VERSION}+{commit[:4]}" + (".dirty" if dirty else "")
