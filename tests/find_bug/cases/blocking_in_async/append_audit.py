# kind: blocking_in_async
import asyncio
import json
from datetime import datetime, timezone

audit_lock = asyncio.Lock()


async def append_audit(path, user, action):
    """Append one event to the audit log, a JSON object a line; events never mix."""
    event = {
        "at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "user": user,
        "action": action,
    }
    line = json.dumps(event, sort_keys=True)
    async with audit_lock:
        with open(path, "a", encoding="utf-8") as log:
            log.write(line + "\n")
