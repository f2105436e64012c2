"""Reach a gateway of the lab: standard input and output become a connection to its sshd.

    python dial.py SOCKET

The supervisor behind SOCKET lives where the lab's networks are. It answers with a TCP socket that belongs there and
the address to connect it to; connecting and copying happen here, so a gateway that is cut off holds up nobody else.
A script of its own with few imports, because every connection starts it.
"""

from __future__ import annotations

import _thread
import os
import socket
import sys

_CONNECT_S = 20.0


def connect(path: str) -> socket.socket:
    """Return a connection to the gateway behind a lab's socket.

    Raises:
        OSError: if the lab is down or the gateway does not answer.
    """
    with socket.socket(socket.AF_UNIX) as lab:
        lab.settimeout(_CONNECT_S)
        lab.connect(path)
        message, descriptors, _, _ = socket.recv_fds(lab, 256, 1)
    if not descriptors:
        raise ConnectionError("the lab gave no connection")
    host, _, port = message.decode().partition(" ")
    connection = socket.socket(fileno=descriptors[0])
    connection.settimeout(_CONNECT_S)
    connection.connect((host, int(port)))
    connection.settimeout(None)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def relay(connection: socket.socket) -> None:
    """Copy between standard input and output and a connection until the other side closes."""
    _thread.start_new_thread(_send, (connection,))
    while chunk := connection.recv(65536):
        while chunk:
            chunk = chunk[os.write(1, chunk) :]


def _send(connection: socket.socket) -> None:
    try:
        while chunk := os.read(0, 65536):
            connection.sendall(chunk)
        connection.shutdown(socket.SHUT_WR)
    except OSError:
        return  # the other direction sees the end too


def main() -> int:
    """Connect and relay; say in one line what could not be done."""
    try:
        connection = connect(sys.argv[1])
    except OSError as error:
        sys.stderr.write(f"{sys.argv[1]}: {error}\n")
        return 1
    try:
        relay(connection)
    except OSError:
        return 1
    return 0


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # the sending thread may still wait for input that will never come
