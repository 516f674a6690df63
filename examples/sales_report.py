"""Monthly revenue from a CSV file with the columns date, product, quantity and price.

Run `python sales_report.py ORDERS.csv`.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path


class BadRow(ValueError):
    """A row that cannot be an order."""


@dataclass(frozen=True)
class Order:
    day: date
    product: str
    quantity: int
    price: Decimal

    @property
    def total(self) -> Decimal:
        return self.quantity * self.price


def parse_order(row: dict[str, str]) -> Order:
    try:
        day = date.fromisoformat(row["date"])
        quantity = int(row["quantity"])
        price = Decimal(row["price"].replace(",", "."))
    except KeyError as error:
        raise BadRow(f"the column {error} is missing") from error
    except (ValueError, TypeError, AttributeError, InvalidOperation) as error:
        raise BadRow(f"cannot read {row}") from error
    if quantity < 0 or not price.is_finite() or price < 0:
        raise BadRow(f"{quantity} times {price} is no order")
    return Order(day, row.get("product") or "unknown", quantity, price)


def read_orders(path: Path, max_bad_rows: int = 10) -> Iterator[Order]:
    bad_rows = 0
    with path.open(newline="", encoding="utf-8-sig") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            try:
                yield parse_order(row)
            except BadRow as error:
                bad_rows += 1
                print(f"{path}:{number}: {error}", file=sys.stderr)
                if bad_rows > max_bad_rows:
                    raise BadRow(f"{path} has more than {max_bad_rows} bad rows") from error


def revenue_by_month(orders: Iterable[Order]) -> dict[str, Decimal]:
    months: defaultdict[str, Decimal] = defaultdict(Decimal)
    for order in orders:
        months[f"{order.day:%Y-%m}"] += order.total
    return dict(sorted(months.items()))


def print_report(months: dict[str, Decimal], width: int = 40) -> None:
    if not months:
        print("no orders")
        return
    best = max(months.values())
    previous = None
    for month, revenue in months.items():
        bar = "#" * int(width * revenue / best) if best else ""
        change = f"{(revenue - previous) / previous:+.0%}" if previous else ""
        print(f"{month} {revenue:>12.2f} {change:>6} {bar}")
        previous = revenue


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        print_report(revenue_by_month(read_orders(Path(sys.argv[1]))))
    except (OSError, BadRow) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
