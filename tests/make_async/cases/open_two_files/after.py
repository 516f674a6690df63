import asyncio
import csv


async def convert_prices(source, target, rate=11):
    """Copy a table of prices, in another currency."""
    with await asyncio.to_thread(open, source, newline="") as old, await asyncio.to_thread(open, target, "w", newline="") as new:
        reader = csv.reader(await asyncio.to_thread(list, old))
        writer = csv.writer(new, lineterminator="\n")
        await asyncio.to_thread(writer.writerow, next(reader))

        for name, price in reader:
            await asyncio.to_thread(writer.writerow, [name, int(price) * rate])


async def run():
    await convert_prices("eur.csv", "nok.csv")
    return "done"
