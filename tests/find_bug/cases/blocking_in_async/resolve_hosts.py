# kind: blocking_in_async
import socket


async def resolve_hosts(names, announce):
    """Look up the IPv4 addresses of host names, announcing each as it is known.

    Returns a dictionary; names without an address are left out.
    """
    addresses = {}
    for name in dict.fromkeys(names):
        try:
            address = socket.gethostbyname(name)
        except socket.gaierror:
            continue
        addresses[name] = address
        await announce(name, address)
    return addresses
