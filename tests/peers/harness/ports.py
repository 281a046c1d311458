"""Ports for servers that start later, or never."""

import pathlib
import random
import socket

# Below it the kernel hands out no port by itself. One of its own choice would be free now, and then be taken by any
# connection to anywhere before the server comes that it is meant for.
_EPHEMERAL = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
_FIRST = 10_000
_given: set[int] = set()


def free_port() -> int:
    """One that nobody listens on, and that was not given out before."""
    candidates = range(_FIRST, _EPHEMERAL) if _EPHEMERAL - _FIRST >= 1_000 else range(_FIRST, 65_536)
    for port in random.sample(candidates, 200):
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("0.0.0.0", port))
            except OSError:
                continue
        _given.add(port)
        return port
    raise OSError("200 ports were tried and none is free")
