"""Processes that a killed supervisor of the same data folder left behind."""

import contextlib
from pathlib import Path

import psutil

from config.demo.environment import MARK

PATIENCE_S = 3


def stop(data_dir: Path) -> int:
    """End every process that carries this data folder's mark; gives how many. Others are never touched.

    Only the holder of the data folder's lock may call this: then no living supervisor owns them.
    """
    found = [process for process in psutil.process_iter() if _is_ours(process, data_dir)]
    for process in found:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(found, timeout=PATIENCE_S)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=PATIENCE_S)
    return len(found)


def _is_ours(process: psutil.Process, data_dir: Path) -> bool:
    try:
        return bool(process.environ().get(MARK) == str(data_dir))
    except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
        return False
