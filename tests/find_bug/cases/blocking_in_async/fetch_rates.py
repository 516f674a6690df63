# kind: blocking_in_async
import asyncio

import requests

RATES_URL = "https://rates.example.com/v1/{}"


async def fetch_rates(currency, publish):
    """Fetch the exchange rates of a currency and publish each; return how many.

    Raises requests.HTTPError if the server refuses.
    """
    url = RATES_URL.format(currency.upper())
    response = requests.get(url, timeout=10)
    response.raise_for_status()
    rates = response.json()["rates"]
    await asyncio.gather(*(publish(code, rate) for code, rate in rates.items()))
    return len(rates)
