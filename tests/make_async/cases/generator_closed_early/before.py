import time

LOG = []


def polling(answers):
    """Ask again and again; says goodbye when nobody listens any more."""
    try:
        for answer in answers:
            time.sleep(1)
            yield answer
    finally:
        LOG.append("bye")


def first_good(answers):
    """The first answer that is not empty."""
    for answer in polling(answers):
        if answer:
            break
    else:
        answer = "none"
    return answer
