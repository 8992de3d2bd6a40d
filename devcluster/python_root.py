"""`localhost/python`: a base image with the running interpreter.

It supports a Python installation with its own prefix and shared library, and the system
Python with its standard library below /usr/lib. In both cases, the interpreter is
/usr/local/bin/python3 in the image.
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
    # Now part of libc, but wheels for older systems still require them.
    "libdl.so.2",
    "libm.so.6",
    "libpthread.so.0",
    "librt.so.1",
    "libutil.so.1",
)
"""Libraries that wheels with compiled code expect on a Linux system."""

PROGRAMS = ("sh", "ls", "cat", "env", "sleep", "id", "mkdir", "cp")
"""A shell and basic tools, for probes and for debugging."""

CONFIG = {
    "Env": [
        "PATH=/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin",
        "LANG=C.UTF-8",
    ],
    "Cmd": ["python3"],
    "WorkingDir": "/",
}
RECIPE = "3"
"""Version of the image content; change it when this module changes the content."""


def python_image() -> Image:
    """Return the image of the running interpreter; it is built once per version."""
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
    # Path at which the interpreter of Debian finds the same packages.
    yield Entry(f"{HOME}/dist-packages", 0o777, link="site-packages")
    yield from _libraries([module.source for module in modules if module.source])


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
        # Default path of the loader, as for the libraries of the system.
        yield Entry(f"usr/lib/{own.name}", 0o644, source=own)
