"""Whether a port is free, and who has it if not."""

import socket

import psutil

from config.demo.errors import DemoError


def require_free(port: int, *, setting: str, kind: socket.SocketKind = socket.SOCK_STREAM) -> None:
    """Raise DemoError when something has `port` of this machine; names it where the system lets us see it."""
    with socket.socket(type=kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise DemoError(
                f"port {port} cannot be used ({_holder(port) or error.strerror}): set {setting} to another port"
            ) from error


def _holder(port: int) -> str | None:
    try:
        listening = [
            connection.pid
            for connection in psutil.net_connections(kind="inet")
            if connection.status in {psutil.CONN_LISTEN, psutil.CONN_NONE}
            and connection.laddr
            and connection.laddr.port == port
            and connection.pid
        ]
        return f"held by {psutil.Process(listening[0]).name()}, process {listening[0]}" if listening else None
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        return None
