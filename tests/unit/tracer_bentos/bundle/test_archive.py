"""Extraction of a bundle from an untrusted archive."""

import io
import tarfile
from pathlib import Path

import pytest

from tracer_bentos.bundle.archive import read_bento
from tracer_core.errors import DocumentError


def _archive(*members: tarfile.TarInfo, mode: str = "w:xz") -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode=mode) as tar:  # type: ignore[call-overload] # the mode is a variable
        for member in members:
            tar.addfile(member, io.BytesIO(b"x" * member.size))
    return target.getvalue()


def _file(name: str, size: int = 3) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size = size
    return member


def _link(name: str, target: str, kind: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def _files(folder: Path) -> list[str]:
    paths = (path for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    return sorted(str(path.relative_to(folder)) for path in paths)


def test_only_the_bundle_is_extracted(tmp_path: Path) -> None:
    archive = _archive(
        _file("./src/bundle/manifest.json"), _file("./src/service.py"), _file("a")
    )
    folder = read_bento(archive, tmp_path)
    assert folder == tmp_path / "bundle"
    assert _files(tmp_path) == ["bundle/manifest.json"]


@pytest.mark.parametrize(
    "member",
    [
        _file("/src/bundle/absolute"),
        _file("../src/bundle/parent"),
        _file("src/bundle/../../parent"),
        _file("src/bundle/deep/file"),
        _link("src/bundle/link", "/etc/passwd", tarfile.SYMTYPE),
        _link("src/bundle/hard", "/etc/passwd", tarfile.LNKTYPE),
        _link("src/bundle/device", "", tarfile.CHRTYPE),
    ],
    ids=lambda member: member.name,
)
def test_no_member_is_extracted_outside_of_the_folder(
    tmp_path: Path, member: tarfile.TarInfo
) -> None:
    archive = _archive(_file("src/bundle/manifest.json"), member)
    read_bento(archive, tmp_path / "into")
    assert _files(tmp_path) == ["into/bundle/manifest.json"]


def test_an_archive_beyond_the_size_limit_is_rejected(tmp_path: Path) -> None:
    huge = tarfile.TarInfo("src/bundle/huge")
    huge.size = 600 * 1024 * 1024
    archive = huge.tobuf() + bytes(1024)
    with pytest.raises(DocumentError, match="Bento archive is too large"):
        read_bento(archive, tmp_path)
    assert _files(tmp_path) == []


@pytest.mark.parametrize("archive", [b"", b"no archive", _archive(_file("src/a"))[:50]])
def test_an_invalid_archive_is_reported(tmp_path: Path, archive: bytes) -> None:
    with pytest.raises(DocumentError, match="Bento archive"):
        read_bento(archive, tmp_path)


def test_a_bento_without_a_bundle_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="contains no files in src/bundle"):
        read_bento(_archive(_file("src/service.py")), tmp_path)
