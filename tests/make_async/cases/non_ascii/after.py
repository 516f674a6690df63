# Größen in Zentimetern – nicht in Zoll.
import asyncio

ÜBERGRÖSSE = 190


async def miß(größe: int) -> str:
    """Misst, ob jemand „groß“ ist 🦒."""
    größer = größe > ÜBERGRÖSSE; await asyncio.sleep(0.5)  # ein Moment … 🕐
    return "🦒 groß" if größer else "nicht groß"


async def alle(*größen):
    """Misst alle."""
    return [f"{größe} → {await miß(größe)}" for größe in größen]
