# kind: wrong_operator
def format_duration(seconds):
    """Return seconds as "1:02:03", without the hours where there are none."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{seconds:02}"
    return f"{minutes}:{seconds:02}"


def remaining_time(total, received, rate):
    """Return how long a download still takes, as text.

    `total` and `received` are bytes, `rate` is bytes a second; a rate of 0 gives "unknown".
    """
    if rate <= 0:
        return "unknown"
    missing = max(total - received, 0)
    return format_duration(missing * rate)
