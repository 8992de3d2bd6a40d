"""`localhost/python`: a root for images, made from the interpreter that runs this.

It works for a Python under a prefix of its own with a shared library, and for the
system's Python with the standard library under /usr/lib. The interpreter is found as
/usr/local/bin/python3 in the image either way.
"""

import os
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from devcluster.cache import key_of
from devcluster.host_files import (
    NAME_SERVICE,
    closure,
    libraries_named,
    skeleton,
)
from devcluster.oci import (
    Entry,
    Image,
    image_folder,
    read_image,
    write_image,
    write_layer,
)

REFERENCE = "localhost/python"
LEFT_OUT = {
    "__pycache__",
    "dist-packages",
    "ensurepip",
    "idlelib",
    "lib2to3",
    "site-packages",
    "test",
    "tests",
    "tkinter",
    "turtledemo",
}
LEFT_OUT_MODULES = ("_test", "_tkinter", "_ctypes_test", "xxlimited")
FOR_WHEELS = (
    "libstdc++.so.6",
    "libgcc_s.so.1",
    "libgomp.so.1",
    "libz.so.1",
    # Parts of libc today; wheels for older systems still name them.
    "libdl.so.2",
    "libm.so.6",
    "libpthread.so.0",
    "librt.so.1",
    "libutil.so.1",
)
"""What wheels of compiled code expect a Linux system to have."""

PROGRAMS = ("sh", "ls", "cat", "env", "sleep", "id", "mkdir", "cp")
"""A shell and a little more, for probes and for people who look inside."""

RECIPE = "2"
"""Changes when this module makes another root of the same interpreter."""


def python_image() -> Image:
    """Give the image of the running interpreter, made once per build of it."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    build = [RECIPE, sys.version, sys.base_prefix, str(_interpreter().stat().st_mtime)]
    archive = image_folder() / f"python-{key_of(build)}.tar"
    found = read_image(archive)
    if found:
        return found
    layer = write_layer(_entries(version), f"python {version} of the host")
    path = "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin"
    config = {
        "Env": [f"PATH={path}", "LANG=C.UTF-8"],
        "Cmd": ["python3"],
        "WorkingDir": "/",
    }
    return write_image(f"{REFERENCE}:{version}", [layer], config, archive)


def _interpreter() -> Path:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return Path(sys.base_prefix, "bin", f"python{version}").resolve()


def _entries(version: str) -> Iterator[Entry]:
    program = _interpreter()
    home = f"usr/local/lib/python{version}"
    library = _shared_library()
    yield from skeleton()
    yield Entry(f"usr/local/bin/python{version}", source=program)
    for name in ("python", "python3"):
        yield Entry(f"usr/local/bin/{name}", 0o777, link=f"python{version}")
    if library:
        # Beside the system's libraries, where the loader looks without being told.
        yield Entry(f"usr/lib/{library.name}", 0o644, source=library)
    standard = list(_standard_library(home))
    yield from standard
    # An empty folder of the name that Debian's own interpreter looks for.
    yield Entry(f"{home}/site-packages")
    yield Entry(
        f"usr/local/lib/python{version}/dist-packages", 0o777, link="site-packages"
    )
    tools = [Path("/bin", name) for name in PROGRAMS]
    yield from (Entry(f"usr/bin/{tool.name}", source=tool.resolve()) for tool in tools)
    compiled = [
        entry.source for entry in standard if entry.source and ".so" in entry.path
    ]
    needed = [*libraries_named((*FOR_WHEELS, *NAME_SERVICE))]
    search = Path(sys.base_prefix, "lib")
    own = {f"{library.name}"} if library else set()
    everything = [program, *tools, *compiled, *needed, *([library] if library else [])]
    for entry in closure(everything, search):
        if Path(entry.path).name not in own:
            yield entry
    yield from (
        Entry(f"usr/lib/x86_64-linux-gnu/{one.name}", 0o644, source=one.resolve())
        for one in needed
    )


def _shared_library() -> Path | None:
    name = sysconfig.get_config_var("INSTSONAME")
    path = Path(sys.base_prefix, "lib", str(name))
    return path if ".so" in str(name) and path.exists() else None


def _standard_library(home: str) -> Iterator[Entry]:
    source = Path(sysconfig.get_path("stdlib"))
    for folder, names, files in os.walk(source):
        names[:] = sorted(name for name in names if _kept_folder(name))
        for name in sorted(files):
            path = Path(folder, name)
            if not name.startswith(LEFT_OUT_MODULES) and path.exists():
                inside = path.relative_to(source)
                yield Entry(f"{home}/{inside}", 0o644, source=path.resolve())


def _kept_folder(name: str) -> bool:
    return name not in LEFT_OUT and not name.startswith("config-")
