# kind: mutable_default
def reachable_hosts(
    links,
    start,
    max_hops=8,
    visited=None,
):
    """Return the hosts that can be reached from `start` in at most `max_hops` links.

    `links` maps each host to the hosts it is connected to. Hosts in `visited` are not
    entered again.
    """
    if visited is None:
        visited = set()
    found = []
    frontier = [start]
    for _ in range(max_hops + 1):
        following = []
        for host in frontier:
            if host in visited:
                continue
            visited.add(host)
            found.append(host)
            following.extend(links.get(host, ()))
        frontier = following
    return found
