import asyncio
import json

STATE = {}


async def step(name):
    """Do one step of the machine."""
    STATE[name] = True; await asyncio.sleep(1); STATE["last"] = name  # in this order
    if name == "stop": await asyncio.sleep(5); STATE.clear()
    return json.dumps(STATE)
