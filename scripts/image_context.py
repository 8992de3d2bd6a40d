"""Prepare the build context of an image: dependencies and project code, in layers.

No command runs inside an image, so the builder of a registry and the daemonless
assembler of `devcluster` create the same bytes. Two builds of the same tree create the
same files: locked wheels, one fixed timestamp, and byte code without a check at run
time (`unchecked-hash`).

    python -m scripts.image_context operator --out build/images/operator
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from devcluster.cache import cache_folder

__all__ = ["IMAGES", "Image", "main", "prepare"]

ROOT = Path(__file__).resolve().parent.parent
_EPOCH = 1_700_000_000
_CONTROL_PLANE = ("tracer_router", "tracer_cli")
"""Packages that the runtime never imports; their code must not change its digest."""


@dataclass(frozen=True, slots=True)
class Image:
    """The content of one image."""

    lock: str
    """File of the locked requirements of the dependency layer."""
    home: str
    """Folder of the layers within the image."""
    dockerfile: str
    """The Dockerfile."""


IMAGES = {
    "operator": Image(
        "requirements/operator.lock", "/opt/tracer", "operator/Dockerfile"
    ),
    "runtime": Image("requirements/runtime.lock", "/opt/tracer", "bentos/Dockerfile"),
    "teacher": Image(
        "examples/recorded_teacher/requirements.lock",
        "/opt/teacher",
        "examples/recorded_teacher/Dockerfile",
    ),
}


def prepare(name: str, out: Path) -> str:
    """Write the build context of one image and return the digest of its content."""
    image = IMAGES[name]
    dependencies = _dependencies(image)
    if out.exists():
        shutil.rmtree(out)
    out.mkdir(parents=True)
    shutil.copytree(dependencies, out / "deps", copy_function=_link)
    _application(name, out)
    _finish(out / "app", f"{image.home}/app")
    # Byte code is part of the layers; some builders exclude it by default.
    (out / ".dockerignore").write_text("!**/__pycache__\n!**/*.pyc\n")
    code = (path for layer in _own_layers(out) for path in layer.rglob("*"))
    return _digest([dependencies.name.encode(), *_contents(code, out)])


def _dependencies(image: Image) -> Path:
    """Install the locked wheels once for each lock, Python version, and platform."""
    lock = ROOT / image.lock
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    inputs = [lock.read_bytes(), Path(__file__).read_bytes(), image.home.encode()]
    key = _digest([*inputs, version.encode(), sysconfig.get_platform().encode()])
    cached = cache_folder("contexts") / f"{lock.parent.name}-{lock.stem}-{key}"
    if not cached.exists():
        with tempfile.TemporaryDirectory(dir=cached.parent) as folder:
            layer = Path(folder) / "deps"
            _install(lock, layer)
            _finish(layer, f"{image.home}/deps")
            _store(layer, cached)
    return cached


def _store(layer: Path, cached: Path) -> None:
    try:
        layer.rename(cached)
    except OSError:
        # Another process was faster; the same inputs result in the same folder.
        if not cached.is_dir():
            raise


def _install(lock: Path, target: Path) -> None:
    command = [sys.executable, "-m", "uv", "pip", "install", "--quiet"]
    options = ["--require-hashes", "--no-deps", "--link-mode", "copy"]
    where = ["--python", sys.executable, "--target", str(target)]
    subprocess.run([*command, *options, *where, "-r", str(lock)], check=True)  # noqa: S603 - uv of this environment
    # Scripts contain the path of this interpreter; tests of libraries are not needed.
    for unwanted in [target / "bin", *target.glob("*/**/tests")]:
        shutil.rmtree(unwanted, ignore_errors=True)
    for pattern in (".lock", "*.dist-info/RECORD", "*.dist-info/direct_url.json"):
        for path in target.glob(pattern):
            path.unlink()


def _application(name: str, out: Path) -> None:
    app = out / "app"
    if name == "teacher":
        source = ROOT / "examples/recorded_teacher"
        _copy(source, app / "recorded_teacher", ("__*__.py", "[a-z]*.py", "data"))
        return
    _unpack_project_wheel(app)
    if name == "operator":
        for package in ("tracer_bentos", "tracer_cli"):
            shutil.rmtree(app / package)
        return
    for package in _CONTROL_PLANE:
        shutil.rmtree(app / package)
    _copy(ROOT / "bentos/router", out / "router", ("*",))


def _unpack_project_wheel(app: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        build = [
            sys.executable,
            "-m",
            "hatchling",
            "build",
            "-t",
            "wheel",
            "-d",
            folder,
        ]
        subprocess.run(build, cwd=ROOT, check=True, capture_output=True)  # noqa: S603 - the build backend of the project
        wheel = next(Path(folder).glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(app)
    for record in app.glob("*.dist-info/RECORD"):
        record.unlink()


def _copy(source: Path, target: Path, patterns: Iterable[str]) -> None:
    target.mkdir(parents=True)
    unwanted = shutil.ignore_patterns("__pycache__", ".*")
    for path in sorted({path for pattern in patterns for path in source.glob(pattern)}):
        if path.name == "__pycache__":
            continue
        if path.is_dir():
            shutil.copytree(path, target / path.name, ignore=unwanted)
        else:
            shutil.copy(path, target / path.name)


def _finish(layer: Path, home: str) -> None:
    """Compile byte code for its path in the image and set one timestamp everywhere."""
    command = [sys.executable, "-m", "compileall", "-q", "-q", "-j", "0"]
    places = ["-s", str(layer), "-p", home, "--invalidation-mode", "unchecked-hash"]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    # Some templates in wheels are not valid Python; they remain as source.
    subprocess.run([*command, *places, str(layer)], env=environment, check=False)  # noqa: S603 - the interpreter's own module
    for path in [*layer.rglob("*"), layer]:
        os.utime(path, (_EPOCH, _EPOCH), follow_symlinks=False)


def _own_layers(out: Path) -> list[Path]:
    return sorted(
        path for path in out.iterdir() if path.name not in {"deps", ".dockerignore"}
    )


def _contents(paths: Iterable[Path], root: Path) -> list[bytes]:
    files = sorted(path for path in paths if path.is_file())
    pairs = (
        (str(path.relative_to(root)).encode(), path.read_bytes()) for path in files
    )
    return [part for pair in pairs for part in pair]


def _digest(parts: Iterable[bytes]) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(hashlib.sha256(part).digest())
    return total.hexdigest()[:20]


def _link(source: str, target: str) -> str:
    """Link a file, or copy it if the file systems do not support a link."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


def main() -> None:
    """Prepare one context and print its digest."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("image", choices=sorted(IMAGES))
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    out = arguments.out or ROOT / "build" / "images" / arguments.image
    print(prepare(arguments.image, out))  # noqa: T201 - the answer of a command


if __name__ == "__main__":
    main()
