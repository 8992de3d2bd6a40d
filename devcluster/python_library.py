"""The standard library of the running interpreter, with its byte code.

Byte code cannot be written in a read-only image, so each start would compile every
module again. The byte code is unchecked and contains no times.
"""

import os
import py_compile
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from devcluster.layers import Entry

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
HOME = f"usr/local/lib/python{VERSION}"
"""Path at which an interpreter in /usr/local/bin finds the standard library."""

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
UNCHECKED = py_compile.PycInvalidationMode.UNCHECKED_HASH


def interpreter() -> Path:
    """Return the file of the interpreter, also in a virtual environment."""
    return Path(sys.base_prefix, "bin", f"python{VERSION}").resolve()


def shared_library() -> Path | None:
    """Return the shared library of the interpreter, or None if there is none."""
    name = str(sysconfig.get_config_var("INSTSONAME"))
    path = Path(sys.base_prefix, "lib", name)
    return path if ".so" in name and path.exists() else None


def standard_library() -> Iterator[Entry]:
    """Yield every module of the standard library except tests and tools."""
    source = Path(sysconfig.get_path("stdlib"))
    for folder, names, files in os.walk(source):
        names[:] = sorted(name for name in names if _kept_folder(name))
        for name in sorted(files):
            path = Path(folder, name)
            if not name.startswith(LEFT_OUT_MODULES) and path.exists():
                inside = path.relative_to(source)
                yield Entry(f"{HOME}/{inside}", 0o644, source=path.resolve())


def byte_code_of(modules: list[Entry]) -> Iterator[Entry]:
    """Yield the byte code of every module that can be compiled."""
    with tempfile.TemporaryDirectory() as folder:
        compiled = Path(folder, "module.pyc")
        for module in modules:
            path = PurePosixPath(module.path)
            if path.suffix == ".py" and _compile(module, compiled):
                name = f"{path.stem}.{sys.implementation.cache_tag}.pyc"
                where = path.parent / "__pycache__" / name
                yield Entry(str(where), 0o644, content=compiled.read_bytes())


def _compile(module: Entry, target: Path) -> bool:
    """Compile one module; return False for a template that is not valid Python."""
    made = py_compile.compile(
        str(module.source),
        cfile=str(target),
        dfile=f"/{module.path}",
        invalidation_mode=UNCHECKED,
        quiet=2,
    )
    return made is not None


def _kept_folder(name: str) -> bool:
    return name not in LEFT_OUT and not name.startswith("config-")
