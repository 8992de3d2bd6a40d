"""Files of the host that programs in an image require, such as shared libraries."""

import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from devcluster.layers import OWNER_ID, Entry

LIBRARIES = "usr/lib/x86_64-linux-gnu"
LOADER = Path("/lib64/ld-linux-x86-64.so.2")
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
NAME_SERVICE = ("libnss_dns.so.2", "libnss_files.so.2", "libresolv.so.2")
"""Libraries that are loaded by name at run time, so that no program lists them."""

FOLDERS = ("app", "dev", "etc", "proc", "root", "run", "sys", "var")
USERS = f"root:x:0:0:root:/root:/bin/sh\napp:x:{OWNER_ID}:{OWNER_ID}:app:/app:/bin/sh\n"
GROUPS = f"root:x:0:\napp:x:{OWNER_ID}:\n"


def skeleton() -> Iterator[Entry]:
    """Yield the folders and small files of every root file system."""
    for name in FOLDERS:
        yield Entry(name)
    for name in ("tmp", "var/tmp"):
        yield Entry(name, 0o1777)
    yield Entry("etc/passwd", 0o644, content=USERS.encode())
    yield Entry("etc/group", 0o644, content=GROUPS.encode())
    yield Entry("etc/nsswitch.conf", 0o644, content=b"hosts: files dns\n")
    yield Entry("etc/ssl/certs/ca-certificates.crt", 0o644, source=CERTIFICATES)
    for name in ("bin", "lib", "lib64", "sbin"):
        yield Entry(name, 0o777, link=f"usr/{name}")


def closure(programs: Iterable[Path], search: Path | None = None) -> Iterator[Entry]:
    """Yield the loader and every shared library that the programs require."""
    loader = LOADER.resolve()
    yield Entry("usr/lib64/ld-linux-x86-64.so.2", source=loader)
    found: dict[str, Path] = {}
    for program in programs:
        for library in _needed(program, search):
            found.setdefault(library.name, library)
    for name, library in found.items():
        yield Entry(f"{LIBRARIES}/{name}", 0o644, source=library.resolve())


def libraries_named(names: Iterable[str]) -> Iterator[Path]:
    """Yield the system libraries with these names that exist."""
    for name in names:
        for folder in (Path("/", LIBRARIES), Path("/lib/x86_64-linux-gnu")):
            if (folder / name).exists():
                yield folder / name
                break


def _needed(program: Path, search: Path | None) -> Iterator[Path]:
    env = {"LD_LIBRARY_PATH": str(search)} if search else {}
    listed = subprocess.run(
        ["/usr/bin/ldd", program], env=env, capture_output=True, text=True, check=False
    )
    for line in listed.stdout.splitlines():
        _, arrow, rest = line.partition(" => ")
        if arrow and rest.startswith("/"):
            yield Path(rest.split(" (")[0])
