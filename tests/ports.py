"""Ports for servers that are told where to listen."""

import os
import socket
from itertools import count

# Below the ports that the system hands out itself: of those, any connection may take one between the choice and the server's start.
_FIRST, _NUMBER = 15_000, 17_000
# Far from those of other test processes, whose ids are near.
_places = count(os.getpid() * 4_099)


def free_port() -> int:
    """A port of this machine that nothing listens on, and that this process has not given out lately."""
    while True:
        port = _FIRST + next(_places) % _NUMBER
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
