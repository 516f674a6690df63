import time


def rings(bell):
    """Ring once; a bell that is broken stays silent."""
    time.sleep(1)
    return bell != "broken"


def somebody_home(bells):
    """Ring until one bell works, and no further."""
    if any(rings(bell) for bell in bells):
        return "yes"
    return "all broken" if not all(not rings(bell) for bell in bells) else "no"
