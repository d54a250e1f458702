"""`make livekit-client`: fetch LiveKit's client for browsers, pinned by hash, for sites with RELAY=livekit.

It is published as an npm package and as nothing that pip could install, so npm is needed once, on the machine that
builds; the result is a file beside the other static files. Nothing of the package is run. Standard library alone.
"""

from __future__ import annotations  # this file runs on whatever `python3` is

import base64
import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

NAME = "livekit-client"
VERSION = "2.23.0"
SHA512 = "j9Kg86nJjBjNFUD+ukp2jwMCGa0k+YD5gU//RzAM+ZY3pbG631QCte7fQjwqWMmtBzhDJL9nKYuOLMv/9IbAxg=="
REPOSITORY = Path(__file__).resolve().parent.parent
TARGET = REPOSITORY / "rooms" / "static" / "livekit"
MODULE = "package/dist/livekit-client.esm.mjs"
LICENSE = "package/LICENSE"
SOURCE_MAP = re.compile(rb"^//# sourceMappingURL=.*$", re.MULTILINE)


def main(packed: str | None = None) -> int:
    """Fetch the package, or take the packed file given, and put the module in place."""
    if (TARGET / "VERSION").exists() and (TARGET / "VERSION").read_text() == VERSION:
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(packed) if packed else Path(folder) / f"{NAME}-{VERSION}.tgz"
        problem = (None if packed else _fetch(folder)) or _install(path)
    if problem:
        print(f"make livekit-client: {problem}", file=sys.stderr)
        return 1
    print(f"LiveKit's client {VERSION} lies in {TARGET.relative_to(REPOSITORY)}")
    return 0


def _fetch(folder: str) -> str | None:
    npm = shutil.which("npm")
    if npm is None:
        return (
            "npm is not installed, and LiveKit's client comes as an npm package: apt-get install npm, or, with"
            f" {NAME}-{VERSION}.tgz from elsewhere, python3 config/livekit_client.py FILE"
        )
    command = [npm, "pack", f"{NAME}@{VERSION}", "--ignore-scripts", "--silent", "--pack-destination", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else f"npm could not fetch {NAME} {VERSION}: {done.stderr.strip()[-500:]}"


def _install(path: Path) -> str | None:
    if not path.is_file():
        return f"there is no file {path}"
    content = path.read_bytes()
    if base64.b64encode(hashlib.sha512(content).digest()).decode() != SHA512:
        return f"{path.name} is not {NAME} {VERSION} as it was published: its hash differs"
    with tarfile.open(path) as archive:
        module, license_ = (_file(archive, name) for name in (MODULE, LICENSE))
    TARGET.mkdir(parents=True, exist_ok=True)
    (TARGET / "livekit-client.js").write_bytes(SOURCE_MAP.sub(b"", module))
    (TARGET / "LICENSE").write_bytes(license_)
    (TARGET / "VERSION").write_text(VERSION)  # last: its presence says that the rest is whole
    return None


def _file(archive: tarfile.TarFile, name: str) -> bytes:
    found = archive.extractfile(name)
    if found is None:
        raise ValueError(f"{name} is no file")
    return found.read()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
