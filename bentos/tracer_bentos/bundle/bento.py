"""A bundle packaged as a Bento: the service project and the bundle, one archive.

BentoML keeps its stores in a home folder that it reads at import, so the build runs in
a process of its own with a home that is thrown away. Nothing is fetched.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tracer_bentos.bundle.archive import BUNDLE_FOLDER
from tracer_core.errors import DocumentError

__all__ = ["SERVICE_PROJECT", "build_bento", "service_project"]

SERVICE_PROJECT = "TRACER_SERVICE_PROJECT"
"""Environment variable with the folder of the service project."""

_NAME = "tracer-surrogate"
_TAIL = 2000


def service_project() -> Path:
    """Give the folder of the service project: named, else beside our sources.

    Raises:
        DocumentError: There is none.
    """
    beside = Path(__file__).resolve().parents[2] / "router"
    folder = Path(os.environ.get(SERVICE_PROJECT) or beside)
    if not (folder / "service.py").is_file():
        raise DocumentError(
            f"no service project in {folder}: set {SERVICE_PROJECT} to bentos/router"
        )
    return folder


def build_bento(bundle: Path, digest: str, out: Path) -> Path:
    """Build the Bento of a bundle and export it to one archive.

    Args:
        bundle: Folder of the bundle.
        digest: Digest of the bundle; the Bento's version is taken from it.
        out: Folder to write the archive to.

    Raises:
        DocumentError: BentoML could not build it; with what it said.
    """
    with tempfile.TemporaryDirectory(prefix="tracer-bento-") as scratch:
        project = Path(scratch) / "project"
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(service_project(), project, ignore=ignored)
        shutil.copytree(bundle, project / BUNDLE_FOLDER)
        archive = out.resolve() / "surrogate.bento"
        version = digest.rpartition(":")[2][:16]
        _run(project, archive, version, Path(scratch) / "home")
    return archive


def _run(project: Path, archive: Path, version: str, home: Path) -> None:
    home.mkdir()
    settings = {
        "BENTOML_HOME": str(home),
        "BENTOML_DO_NOT_TRACK": "true",
        "PROMETHEUS_MULTIPROC_DIR": str(home),
    }
    command = [sys.executable, "-m", __name__, str(project), str(archive), version]
    ended = subprocess.run(  # noqa: S603 - our own module, our own words
        command,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise DocumentError(f"bentoml build failed: {ended.stderr[-_TAIL:]}")


def _build(project: str, archive: str, version: str) -> None:
    import bentoml  # noqa: PLC0415 - only this process pays for it

    bento = bentoml.build(
        "service:Router",
        name=_NAME,
        version=version,
        include=["*.py", "README.md", f"{BUNDLE_FOLDER}/*"],
        python={"lock_packages": False, "packages": []},
        build_ctx=project,
    )
    bento.export(archive)


if __name__ == "__main__":
    _build(*sys.argv[1:])
