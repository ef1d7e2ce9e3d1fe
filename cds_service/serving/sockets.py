"""One listening socket for each worker, all on the same address.

The kernel deals new connections out to them (SO_REUSEPORT). The parent keeps all of them open: when
a worker is killed, connections that came meanwhile wait for the worker that takes its place.
"""

import socket


def listeners(host: str, port: int, number: int, backlog: int) -> list[socket.socket]:
    """Return `number` sockets that listen on `host` and `port`; port 0 takes a free one.

    Raises:
        OSError: the address cannot be had; EADDRINUSE also where another service of this user
            would share it.
    """
    found = socket.getaddrinfo(
        host.strip("[]") or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    family, _, _, _, address = found[0]
    if port:
        # without SO_REUSEPORT, so that an address in use is found to be so
        _bound(family, address, shared=False).close()
    made: list[socket.socket] = []
    try:
        for _ in range(number):
            listener = _bound(family, address, shared=True)
            made.append(listener)
            listener.listen(backlog)
            listener.setblocking(False)
            address = listener.getsockname()  # the first one chooses the port for all
    except OSError:
        for listener in made:
            listener.close()
        raise
    return made


def _bound(family: int, address: tuple[object, ...], *, shared: bool) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(address)
    except OSError:
        made.close()
        raise
    return made
