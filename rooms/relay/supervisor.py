"""Several workers, one process a core: starts them, starts one again that died, passes signals on."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from types import FrameType

from rooms.relay.log import log

RESTART_WAIT_S = 0.2
POLL_S = 0.1
SUPERVISOR = "RELAY_SUPERVISOR"
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def run(count: int) -> int:
    """Run `count` workers until SIGTERM or SIGINT; returns the exit status."""
    stopping = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    workers = [_start(index) for index in range(count)]
    while not stopping:
        time.sleep(POLL_S)
        for index, worker in enumerate(workers):
            if worker.poll() is not None:
                log.error("worker died", worker=index, status=worker.returncode)
                time.sleep(RESTART_WAIT_S)
                workers[index] = _start(index)
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.wait(timeout=10)
    return 0


def _start(index: int) -> subprocess.Popen[bytes]:
    environment = os.environ | {"RELAY_WORKERS": "1", "RELAY_WORKER": str(index), SUPERVISOR: str(os.getpid())}
    return subprocess.Popen([sys.executable, "-m", "rooms.relay"], env=environment)


def tie() -> None:
    """In a worker: stop when the supervisor is gone, however it went, so that its ports are free for the next one."""
    parent = os.environ.get(SUPERVISOR)
    if parent is None:
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):
        sys.exit(1)
