# kind: swapped_arguments
def plural(count, noun):
    """Return "1 hour", "2 hours" and so on."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def format_elapsed(total_seconds):
    """Return a time in words by its two largest units, such as "2 hours 5 minutes".

    Less than a minute is "just now".
    """
    minutes = total_seconds // 60
    if minutes < 1:
        return "just now"
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "day"), (hours, "hour"), (minutes, "minute")]
    words = [plural(count, noun) for count, noun in parts if count]
    return " ".join(words[:2])
