"""`make livekit-client`: what it puts in place, and what it says when it cannot."""

import base64
import hashlib
import io
import shutil
import tarfile
from pathlib import Path

import pytest

from config import livekit_client


@pytest.fixture
def packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package whose hash is the pinned one."""
    path = tmp_path / "package.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in {
            livekit_client.MODULE: b"export const Room = 1;\n//# sourceMappingURL=livekit-client.esm.mjs.map\n",
            livekit_client.LICENSE: b"Apache",
        }.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    digest = base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()
    monkeypatch.setattr(livekit_client, "SHA512", digest)
    monkeypatch.setattr(livekit_client, "REPOSITORY", tmp_path)
    monkeypatch.setattr(livekit_client, "TARGET", tmp_path / "static")
    return path


def test_the_module_is_put_in_place_with_its_licence(packed: Path, tmp_path: Path) -> None:
    assert livekit_client.main(str(packed)) == 0

    assert (tmp_path / "static" / "livekit-client.js").read_text().strip() == "export const Room = 1;"
    assert (tmp_path / "static" / "LICENSE").read_text() == "Apache"
    packed.unlink()
    assert livekit_client.main() == 0  # it is there already


def test_a_package_that_is_not_the_pinned_one_is_refused(
    packed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packed.write_bytes(packed.read_bytes() + b"x")

    assert livekit_client.main(str(packed)) == 1

    assert "its hash differs" in capsys.readouterr().err
    assert not (tmp_path / "static").exists()


def test_without_npm_it_says_what_to_do(
    packed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)

    assert livekit_client.main() == 1

    assert "apt-get install npm" in capsys.readouterr().err
