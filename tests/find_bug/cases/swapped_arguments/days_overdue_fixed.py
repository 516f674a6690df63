# kind: swapped_arguments
from datetime import date, datetime

DATE_FORMAT = "%Y-%m-%d"
GRACE_DAYS = 3


def days_overdue(due, today: date):
    """Return by how many days a bill is late, 0 while the days of grace last.

    `due` is text such as "2024-03-01".
    """
    due_date = datetime.strptime(due, DATE_FORMAT).date()
    late = (today - due_date).days
    return late if late > GRACE_DAYS else 0


def reminder_fee(due, today):
    """Return the fee of a reminder in cents: 100 a started week, 1000 at most."""
    weeks = -(-days_overdue(due, today) // 7)
    return min(100 * weeks, 1000)
