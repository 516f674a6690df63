import requests


def table(cities, unit="C"):
    """Weather of some cities, and which of them are cold."""
    pages = {
        city: requests.get(f"https://weather.example/{city}").json()
        for city in cities
        if city  # names may be missing
    }
    cold = [requests.get(f"https://weather.example/{page['city'].lower()}").status_code
            for page in pages.values() if page["degrees"] < 0]
    return {city: f"{page['degrees']} {unit}" for city, page in pages.items()}, cold
