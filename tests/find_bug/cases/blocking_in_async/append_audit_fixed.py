# kind: blocking_in_async
import asyncio
import json
from datetime import datetime, timezone

audit_lock = asyncio.Lock()


def append_line(path, line):
    """Write one line at the end of a file."""
    with open(path, "a", encoding="utf-8") as log:
        log.write(line + "\n")


async def append_audit(path, user, action):
    """Append one event to the audit log, a JSON object a line; events never mix."""
    event = {
        "at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "user": user,
        "action": action,
    }
    line = json.dumps(event, sort_keys=True)
    async with audit_lock:
        await asyncio.to_thread(append_line, path, line)
