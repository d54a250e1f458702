"""Child processes that end with their parent, where the kernel can do that (Linux)."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1  # prctl(2)
_libc = ctypes.CDLL(None, use_errno=True)


def tethered(signal_at_death: signal.Signals) -> Callable[[], None] | None:
    """A `preexec_fn` for Popen: the kernel sends `signal_at_death` to the child when this process dies, even by -9.

    None where the kernel cannot; the next start then finds what was left and stops it.
    """
    if sys.platform != "linux":
        return None
    parent = os.getpid()

    def tie() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(signal_at_death), 0, 0, 0)
        if os.getppid() != parent:  # the parent died before the call
            os.kill(os.getpid(), signal.SIGKILL)

    return tie
