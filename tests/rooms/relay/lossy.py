"""A bad network: a UDP proxy that loses a share of the audio packets in both directions, from a seed."""

import random
import select
import socket
import threading
from typing import Self

from rooms.relay.demux import Kind, kind_of

Address = tuple[str, int]


class Lossy:
    """Stands at `port` in front of the relay at `relay_port`. Each client gets a socket of its own towards it."""

    def __init__(self, port: int, relay_port: int, loss: float, seed: int = 5) -> None:
        self._relay: Address = ("127.0.0.1", relay_port)
        self._loss = loss
        self._chance = random.Random(seed)  # noqa: S311 - loss, not secrets
        self._front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._front.bind(("127.0.0.1", port))
        self._backs: dict[Address, socket.socket] = {}
        self._clients: dict[int, Address] = {}
        self._stopping = threading.Event()
        self._cut: set[Address] = set()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.lost = {"up": 0, "down": 0}
        self.passed = {"up": 0, "down": 0}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        for sock in (self._front, *self._backs.values()):
            sock.close()

    def cut(self) -> None:
        """Drop everything of the paths known so far, as when a phone leaves its Wi-Fi; new paths work."""
        self._cut = set(self._backs)

    def _run(self) -> None:
        while not self._stopping.is_set():
            readable, _, _ = select.select([self._front, *self._backs.values()], [], [], 0.1)
            for sock in readable:
                if sock is self._front:
                    self._up()
                else:
                    self._down(sock)

    def _up(self) -> None:
        datagram, client = self._front.recvfrom(2048)
        back = self._backs.get(client)
        if back is None:
            back = self._backs[client] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            back.connect(self._relay)
            self._clients[back.fileno()] = client
        if client not in self._cut and not self._loses(datagram, "up"):
            back.send(datagram)

    def _down(self, back: socket.socket) -> None:
        datagram = back.recv(2048)
        client = self._clients[back.fileno()]
        if client not in self._cut and not self._loses(datagram, "down"):
            self._front.sendto(datagram, client)

    def _loses(self, datagram: bytes, way: str) -> bool:
        audio = kind_of(datagram) is Kind.RTP
        loses = audio and self._chance.random() < self._loss
        if audio:
            (self.lost if loses else self.passed)[way] += 1
        return loses
