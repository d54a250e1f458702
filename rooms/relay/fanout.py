"""The hot path: one packet to thousands of listeners, encrypted for each and sent in batches.

Layout. A `Group` is the listeners who get the same plain packet. It keeps a libsrtp context for each row, and for the
kernel an array of mmsghdr whose names hold the rows' addresses. Row r uses place r % 128 of the shared `Arena`. For a
batch the plain packet is copied to all 128 places at once, each is encrypted in place, and the batch goes out in one
system call. libsrtp writes each packet's new length straight into the low half of its iovec.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from pylibsrtp._binding import ffi, lib  # no public name exists for the raw calls

from rooms.relay.sockets import IOVEC, MMSGHDR, NAME_BYTES, name_length, send_batch, sockaddr
from rooms.relay.srtp import OK, Stream
from rooms.relay.stun import Address

BATCH = 128
STRIDES = (256, 512, 1536)
TRAILER_ROOM = 32

protect_rtp: Callable[..., int] = lib.srtp_protect
protect_rtcp: Callable[..., int] = lib.srtp_protect_rtcp


class Arena:
    """Room for one batch of packets, and the iovecs that point into it. One an event loop."""

    def __init__(self) -> None:
        self._memory = ffi.new("char[]", BATCH * STRIDES[-1])
        self._base = int(ffi.cast("uintptr_t", self._memory))
        self._iovecs = ffi.new("char[]", BATCH * IOVEC.size)
        self.iovec_base = int(ffi.cast("uintptr_t", self._iovecs))
        self.lengths = [ffi.cast("int *", self.iovec_base + i * IOVEC.size + 8) for i in range(BATCH)]
        self._places = {
            stride: [ffi.cast("void *", self._base + i * stride) for i in range(BATCH)] for stride in STRIDES
        }
        self._iovec_bytes = lru_cache(maxsize=256)(self._make_iovecs)

    def prepare(self, packet: bytes) -> tuple[int, bytes, list[Any], bytes]:
        """The stride for a packet, its copies for one batch, the places, and the iovecs' initial contents."""
        stride = next(size for size in STRIDES if len(packet) + TRAILER_ROOM <= size)
        return stride, packet.ljust(stride, b"\0"), self._places[stride], self._iovec_bytes(stride, len(packet))

    def fill(self, padded: bytes, iovecs: bytes, count: int) -> None:
        """Lay out `count` copies of the plain packet."""
        ffi.memmove(self._memory, padded * count, len(padded) * count)
        ffi.memmove(self._iovecs, iovecs, count * IOVEC.size)

    def _make_iovecs(self, stride: int, length: int) -> bytes:
        return b"".join(IOVEC.pack(self._base + i * stride, length) for i in range(BATCH))


class Group:
    """Listeners who get the same plain packet, in rows without holes."""

    def __init__(self, arena: Arena, family: int) -> None:
        self._arena = arena
        self._family = family
        self._contexts: list[Any] = []
        self._keepers: list[Stream] = []
        self.members: list[object] = []
        self._rows: dict[object, int] = {}
        self._capacity = 0
        self._headers: Any = None
        self._names: Any = None

    def __len__(self) -> int:
        return len(self.members)

    def __contains__(self, member: object) -> bool:
        return member in self._rows

    def add(self, member: object, stream: Stream, address: Address) -> None:
        """Append a row; a member is in a group once."""
        row = len(self.members)
        if row == self._capacity:
            self._grow()
        self._rows[member] = row
        self.members.append(member)
        self._contexts.append(stream.handle)
        self._keepers.append(stream)
        self._write_name(row, sockaddr(address, self._family))

    def move(self, member: object, address: Address) -> None:
        """Send the member's packets to another address from now on."""
        self._write_name(self._rows[member], sockaddr(address, self._family))

    def remove(self, member: object) -> None:
        """Take a row out; the last row moves into its place."""
        row = self._rows.pop(member)
        last = len(self.members) - 1
        if row != last:
            moved = self.members[last]
            self.members[row] = moved
            self._contexts[row] = self._contexts[last]
            self._keepers[row] = self._keepers[last]
            self._rows[moved] = row
            self._write_name(row, bytes(ffi.buffer(self._names)[last * NAME_BYTES : (last + 1) * NAME_BYTES]))
        for rows in (self.members, self._contexts, self._keepers):
            rows.pop()

    def send(self, fd: int, packet: bytes, protect: Callable[..., int] = protect_rtp) -> tuple[int, int]:
        """Encrypt and send the packet to every row: datagrams handed to the kernel, and rows that failed."""
        sent = failed = 0
        for start in range(0, len(self.members), BATCH):
            gone, lost = self.send_batch(fd, packet, start, protect)
            sent, failed = sent + gone, failed + lost
        return sent, failed

    def send_batch(
        self, fd: int, packet: bytes, start: int, protect: Callable[..., int] = protect_rtp
    ) -> tuple[int, int]:
        """The same for one batch of rows from `start` on, which has to be a multiple of BATCH."""
        contexts = self._contexts[start : start + BATCH]
        if not contexts:
            return 0, 0
        arena = self._arena
        _, padded, places, iovecs = arena.prepare(packet)
        arena.fill(padded, iovecs, len(contexts))
        statuses = list(map(protect, contexts, places, arena.lengths))
        # A row that cannot be encrypted must not leave in the clear: send it as an empty datagram.
        failed = self._blank(statuses) if any(statuses) else 0
        headers = int(ffi.cast("uintptr_t", self._headers))
        return send_batch(fd, headers + start * MMSGHDR.size, len(contexts)), failed

    def _blank(self, statuses: list[int]) -> int:
        failed = [place for place, status in enumerate(statuses) if status != OK]
        for place in failed:
            self._arena.lengths[place][0] = 0
        return len(failed)

    def _grow(self) -> None:
        capacity = max(BATCH, 2 * self._capacity)
        headers = ffi.new("char[]", capacity * MMSGHDR.size)
        names = ffi.new("char[]", capacity * NAME_BYTES)
        if self._names is not None:
            ffi.memmove(names, self._names, self._capacity * NAME_BYTES)
        name_base = int(ffi.cast("uintptr_t", names))
        view = ffi.buffer(headers)
        for row in range(capacity):
            iovec = self._arena.iovec_base + (row % BATCH) * IOVEC.size
            header = MMSGHDR.pack(name_base + row * NAME_BYTES, name_length(self._family), iovec, 1, 0, 0, 0, 0)
            view[row * MMSGHDR.size : (row + 1) * MMSGHDR.size] = header
        self._headers, self._names, self._capacity = headers, names, capacity

    def _write_name(self, row: int, name: bytes) -> None:
        ffi.memmove(self._names + row * NAME_BYTES, name, NAME_BYTES)
