# kind: undefined_name
import logging

log = logging.getLogger(__name__)

DEFAULTS = {"memory": 512, "files": 1024, "seconds": 30}


def read_limits(settings, strict=False):
    """Return the limits of a job as whole numbers, defaults where the setting is none.

    With `strict` a setting that is no number is a ValueError instead.
    """
    limits = dict(DEFAULTS)
    unusable = []
    cause = None
    for name in limits.keys() & settings.keys():
        try:
            limits[name] = int(settings[name])
        except ValueError as error:
            log.warning("limit %s: %s", name, error)
            unusable.append(name)
            cause = error
    if unusable and strict:
        raise ValueError(f"no numbers: {sorted(unusable)}") from cause
    return limits
