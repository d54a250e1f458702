"""`python3 config/install.py local|dev`: make `.venv` hold exactly what the requirements pin. Standard library alone.

A stamp in `.venv` keeps the hash of what was installed, so that a second run takes no time.
"""

from __future__ import annotations  # this file runs on whatever `python3` is

import fcntl
import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
REQUIREMENTS = REPOSITORY / "requirements"
VENV = REPOSITORY / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST = (3, 11)


def main(name: str) -> int:
    """Install `requirements/<name>.txt`; says what takes time, and in one line what is wrong."""
    if sys.version_info < OLDEST:
        return _fail(f"Obole needs Python 3.11 or newer, {sys.executable} is {sys.version.split()[0]}: set PYTHON=…")
    with (REPOSITORY / ".install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs of make at once
        wanted = hashlib.sha256((REQUIREMENTS / f"{name}.txt").read_bytes()).hexdigest()
        if wanted in _installed():
            return 0
        began_at = time.monotonic()
        print(f"Installing requirements/{name}.txt into .venv", flush=True)
        problem = _make_venv() or _install_uv() or _install(name)
        if problem:
            return _fail(problem)
        _stamp(name, wanted)
        print(f"  installed in {time.monotonic() - began_at:.1f} s", flush=True)
    return 0


def _installed() -> list[str]:
    """Hashes of the requirement files that `.venv` holds; none when its Python is gone."""
    stamp = VENV / "installed"
    return stamp.read_text().split() if stamp.exists() and PYTHON.exists() else []


def _stamp(name: str, wanted: str) -> None:
    """Note what is there now: `dev` contains `local`, and `local` leaves no more than itself to trust."""
    held = [wanted]
    if name == "dev":
        held.append(hashlib.sha256((REQUIREMENTS / "local.txt").read_bytes()).hexdigest())
    (VENV / "installed").write_text("\n".join(held))


def _make_venv() -> str | None:
    if PYTHON.exists() and _run(PYTHON, "-c", "import pip") is None:
        return None
    said = _run(sys.executable, "-m", "venv", "--clear", VENV)
    if said and "ensurepip" in said:
        return "this Python cannot make virtual environments: apt-get install python3-venv, or set PYTHON=…"
    return said


def _install_uv() -> str | None:
    """The fast installer, from its wheel, pinned by hash like everything else."""
    return _run(
        PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:",
        "--require-hashes", "--requirement", REQUIREMENTS / "uv.txt",
    )  # fmt: skip


def _install(name: str) -> str | None:
    quiet = [] if sys.stdout.isatty() else ["--quiet"]
    command = [str(VENV / "bin" / "uv"), "pip", "install", *quiet, "--require-hashes", "--requirement"]
    done = subprocess.run(
        [*command, str(REQUIREMENTS / f"{name}.txt")], env={**os.environ, "VIRTUAL_ENV": str(VENV)}, check=False
    )
    return None if done.returncode == 0 else "uv could not install the requirements; see above"


def _run(*command: str | Path) -> str | None:
    """Run quietly; what it said if it failed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else (done.stderr or done.stdout).strip() or "no message"


def _fail(problem: str) -> int:
    print(f"make: {problem}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
