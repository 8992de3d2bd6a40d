"""`localhost/python`: a root for images, made from the interpreter that runs this.

It works for a Python under a prefix of its own with a shared library, and for the
system's Python with the standard library under /usr/lib. The interpreter is found as
/usr/local/bin/python3 in the image either way.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from devcluster.cache import key_of
from devcluster.host_files import (
    LIBRARIES,
    NAME_SERVICE,
    closure,
    libraries_named,
    skeleton,
)
from devcluster.layers import Entry, write_layer
from devcluster.oci import Image, image_folder, read_image, write_image
from devcluster.python_library import (
    HOME,
    VERSION,
    byte_code_of,
    interpreter,
    shared_library,
    standard_library,
)

REFERENCE = "localhost/python"
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

CONFIG = {
    "Env": [
        "PATH=/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin",
        "LANG=C.UTF-8",
    ],
    "Cmd": ["python3"],
    "WorkingDir": "/",
}
RECIPE = "3"
"""Changes when this module makes another root of the same interpreter."""


def python_image() -> Image:
    """Give the image of the running interpreter, made once per build of it."""
    build = [RECIPE, sys.version, sys.base_prefix, str(interpreter().stat().st_mtime)]
    archive = image_folder() / f"python-{key_of(build)}.tar"
    found = read_image(archive)
    if found:
        return found
    layer = write_layer(_entries(), f"python {VERSION} of the host")
    return write_image(f"{REFERENCE}:{VERSION}", [layer], CONFIG, archive)


def _entries() -> Iterator[Entry]:
    modules = list(standard_library())
    yield from skeleton()
    yield from _programs()
    yield from modules
    yield from byte_code_of(modules)
    yield Entry(f"{HOME}/site-packages")
    # The name under which Debian's own interpreter looks for the same.
    yield Entry(f"{HOME}/dist-packages", 0o777, link="site-packages")
    yield from _libraries([one.source for one in modules if one.source])


def _programs() -> Iterator[Entry]:
    yield Entry(f"usr/local/bin/python{VERSION}", source=interpreter())
    for name in ("python", "python3"):
        yield Entry(f"usr/local/bin/{name}", 0o777, link=f"python{VERSION}")
    for name in PROGRAMS:
        yield Entry(f"usr/bin/{name}", source=Path("/bin", name).resolve())


def _libraries(files: list[Path]) -> Iterator[Entry]:
    named = list(libraries_named((*FOR_WHEELS, *NAME_SERVICE)))
    for library in named:
        yield Entry(f"{LIBRARIES}/{library.name}", 0o644, source=library.resolve())
    compiled = [path for path in files if ".so" in path.name]
    tools = [Path("/bin", name) for name in PROGRAMS]
    own = shared_library()
    users = [interpreter(), *tools, *compiled, *named, *([own] if own else [])]
    for entry in closure(users, Path(sys.base_prefix, "lib")):
        if own is None or Path(entry.path).name != own.name:
            yield entry
    if own:
        # Where the loader looks without being told, as it does for the system's.
        yield Entry(f"usr/lib/{own.name}", 0o644, source=own)
