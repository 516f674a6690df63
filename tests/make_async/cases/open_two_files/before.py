import csv


def convert_prices(source, target, rate=11):
    """Copy a table of prices, in another currency."""
    with open(source, newline="") as old, open(target, "w", newline="") as new:
        reader = csv.reader(old)
        writer = csv.writer(new, lineterminator="\n")
        writer.writerow(next(reader))

        for name, price in reader:
            writer.writerow([name, int(price) * rate])


def run():
    convert_prices("eur.csv", "nok.csv")
    return "done"
