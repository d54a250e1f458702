"""The UDP socket: opening it, and `sendmmsg` (Linux), which hands a batch of datagrams to the kernel in one call."""

import ctypes
import errno
import ipaddress
import os
import socket
import struct
import sys

from rooms.relay.stun import Address

BUFFER_BYTES = 8 * 1024 * 1024
NAME_BYTES = 28  # struct sockaddr_in6, the larger of the two
MMSGHDR = struct.Struct("@QI4xQQQQi4xI4x")  # struct mmsghdr of 64-bit Linux: name, namelen, iov, iovlen, control, …
IOVEC = struct.Struct("@QQ")
MSG_DONTWAIT = 0x40

if sys.byteorder != "little" or struct.calcsize("P") != 8:
    raise ImportError("the relay lays out kernel structures for 64-bit little-endian Linux")

_libc = ctypes.CDLL(None, use_errno=True)
_sendmmsg = _libc.sendmmsg
_sendmmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int)
_sendmmsg.restype = ctypes.c_int


def open_udp(ip: str, port: int) -> socket.socket:
    """A non-blocking socket bound to the address, with buffers for a burst to thousands; raises OSError."""
    version = ipaddress.ip_address(ip).version
    sock = socket.socket(socket.AF_INET6 if version == 6 else socket.AF_INET, socket.SOCK_DGRAM)
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        sock.setsockopt(socket.SOL_SOCKET, option, BUFFER_BYTES)
    sock.setblocking(False)  # noqa: FBT003 - its only form
    try:
        sock.bind((ip, port))
    except OSError:
        sock.close()
        raise
    return sock


def sockaddr(address: Address, family: int) -> bytes:
    """A struct sockaddr_in or sockaddr_in6, padded to NAME_BYTES."""
    packed = ipaddress.ip_address(address[0]).packed
    port = address[1].to_bytes(2, "big")
    if family == socket.AF_INET:
        name = struct.pack("=H", family) + port + packed
    else:
        if len(packed) == 4:
            packed = bytes(10) + b"\xff\xff" + packed
        name = struct.pack("=H", family) + port + bytes(4) + packed + bytes(4)
    return name.ljust(NAME_BYTES, b"\0")


def name_length(family: int) -> int:
    """The length of a socket name that the kernel expects."""
    return 16 if family == socket.AF_INET else NAME_BYTES


def send_batch(fd: int, headers: int, count: int) -> int:
    """Send `count` datagrams described by the mmsghdr array at address `headers`; returns how many were handed over.

    A datagram that the kernel refuses is skipped. A full socket buffer drops the rest: late audio is worth less than
    the next packet.
    """
    done = sent = 0
    while done < count:
        result = _sendmmsg(fd, headers + done * MMSGHDR.size, count - done, MSG_DONTWAIT)
        if result > 0:
            done += result
            sent += result
            continue
        code = ctypes.get_errno()
        if code == errno.EINTR:
            continue
        if code in {errno.EAGAIN, errno.ENOBUFS}:
            return sent
        if code in {errno.EBADF, errno.ENOTSOCK, errno.EFAULT}:
            raise OSError(code, os.strerror(code))
        done += 1
    return sent
