import time; import json

STATE = {}


def step(name):
    """Do one step of the machine."""
    STATE[name] = True; time.sleep(1); STATE["last"] = name  # in this order
    if name == "stop": time.sleep(5); STATE.clear()
    return json.dumps(STATE)
