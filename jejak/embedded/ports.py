"""Free ports on loopback, kept from one start to the next."""

import secrets
import socket
from collections.abc import Collection

LOOPBACK = "127.0.0.1"
# Below the ports that systems hand to outgoing connections, so that no client of ours or of
# another's takes one between the choice and the start.
FIRST, LAST = 20_000, 32_000


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def free_port(taken: Collection[int] = ()) -> int:
    """A free port that is not among `taken`, chosen at random so that two homes rarely meet."""
    while True:
        port = FIRST + secrets.randbelow(LAST - FIRST)
        if port not in taken and is_free(port):
            return port
