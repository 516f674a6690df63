import time


def bake(loaves):
    """Bake loaves, two at a time."""
    baked = []

    def oven(batch):
        """One load of the oven."""
        time.sleep(45)
        baked.extend(f"{name} bread" for name in batch)

    for start in range(0, len(loaves), 2):
        oven(loaves[start : start + 2])
    return baked
