# Größen in Zentimetern – nicht in Zoll.
import time

ÜBERGRÖSSE = 190


def miß(größe: int) -> str:
    """Misst, ob jemand „groß“ ist 🦒."""
    größer = größe > ÜBERGRÖSSE; time.sleep(0.5)  # ein Moment … 🕐
    return "🦒 groß" if größer else "nicht groß"


def alle(*größen):
    """Misst alle."""
    return [f"{größe} → {miß(größe)}" for größe in größen]
