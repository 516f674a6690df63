"""Rotate backups: keep the newest few."""

import os
import shutil


def rotate(folder, keep=2):
    """Copy the newest backup aside, and remove the oldest ones."""
    backups = sorted(os.listdir(folder))
    shutil.copy(os.path.join(folder, backups[-1]), "newest.bak")

    for name in backups[:-keep]:
        os.remove(os.path.join(folder, name))  # join does not block
    return os.listdir(folder) if keep > 1 else None
