# kind: blocking_in_async
import asyncio
import socket


async def resolve_hosts(names, announce):
    """Look up the IPv4 addresses of host names, announcing each as it is known.

    Returns a dictionary; names without an address are left out.
    """
    loop = asyncio.get_running_loop()
    addresses = {}
    for name in dict.fromkeys(names):
        try:
            address = await loop.run_in_executor(None, socket.gethostbyname, name)
        except socket.gaierror:
            continue
        addresses[name] = address
        await announce(name, address)
    return addresses
