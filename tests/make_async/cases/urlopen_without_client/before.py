import json
import urllib.request


def forecast(city: str) -> str:
    """Today's weather as a sentence."""
    with urllib.request.urlopen(f"https://weather.example/{city}", timeout=10) as reply:
        data = json.loads(reply.read().decode())

    sign = "-" if data["degrees"] < 0 else "+"
    return f"{data['city']}: {sign}{abs(data['degrees'])}"
