"""A bundle packaged as a Bento: the service project and the bundle, one archive.

BentoML reads the home folder of its stores at import, so the build runs in a separate
process with a temporary home. Nothing is downloaded.
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
"""Characters of the output of BentoML in an error."""


def service_project() -> Path:
    """Return the folder of the service project.

    It is the one that the environment names, or else `router` beside this package.

    Raises:
        DocumentError: The folder contains no service project.
    """
    default = Path(__file__).resolve().parents[2] / "router"
    folder = Path(os.environ.get(SERVICE_PROJECT) or default)
    if not (folder / "service.py").is_file():
        raise DocumentError(
            f"no service project in {folder}; set {SERVICE_PROJECT} to bentos/router"
        )
    return folder


def build_bento(bundle: Path, digest: str, out: Path) -> Path:
    """Build the Bento of a bundle, export it, and return the path of the archive.

    Args:
        bundle: Folder of the bundle.
        digest: Digest of the bundle; the version of the Bento is derived from it.
        out: Folder of the archive.

    Raises:
        DocumentError: The build failed; states the end of the output of BentoML.
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
    process = subprocess.run(  # noqa: S603 - this module with fixed arguments
        command,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode:
        raise DocumentError(f"bentoml build failed: {process.stderr[-_TAIL:]}")


def _build(project: str, archive: str, version: str) -> None:
    import bentoml  # noqa: PLC0415 - slow import, needed only in the build process

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
