import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from devcluster.dockerfile_image import Order, build_image
from devcluster.errors import DockerfileError
from devcluster.oci import Image, archive_identity

DOCKERFILE = """
ARG BASE
FROM ${BASE}
WORKDIR /app
COPY --chown=65532 code ./
COPY one.txt two.txt /data/
ENV A=1 B=${A:-none}
USER 65532
EXPOSE 8080
LABEL who=us
ENTRYPOINT ["python3"]
CMD ["-m", "app"]
"""


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "context"
    (folder / "code" / "inner").mkdir(parents=True)
    (folder / "code" / "main.py").write_text("print()")
    (folder / "code" / "inner" / "run.sh").write_text("#!/bin/sh")
    (folder / "code" / "inner" / "run.sh").chmod(0o700)
    (folder / "code" / "link").symlink_to("main.py")
    (folder / "one.txt").write_text("1")
    (folder / "two.txt").write_text("2")
    (folder / "Dockerfile").write_text(DOCKERFILE)
    return folder


def build(context: Path, *, base: str = "scratch", tag: str = "localhost/x:1") -> Image:
    return build_image(Order(context / "Dockerfile", context, base, tag))


def document(image: Image, kind: str) -> Any:
    with tarfile.open(image.archive) as archive:
        name = image.digest.replace(":", "/")
        content = archive.extractfile(f"blobs/{name}")
        assert content is not None
        manifest = json.load(content)
        if kind == "manifest":
            return manifest
        digest = manifest["config"]["digest"].replace(":", "/")
        content = archive.extractfile(f"blobs/{digest}")
        assert content is not None
        return json.load(content)


def members(image: Image, layer: int) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(image.layers[layer].blob) as archive:
        return {member.name: member for member in archive.getmembers()}


def test_settings_become_the_configuration_of_the_image(context: Path) -> None:
    assert document(build(context), "config")["config"] == {
        "WorkingDir": "/app",
        "Env": ["A=1", "B=none"],
        "User": "65532",
        "ExposedPorts": {"8080/tcp": {}},
        "Labels": {"who": "us"},
        "Entrypoint": ["python3"],
        "Cmd": ["-m", "app"],
    }


def test_each_copy_is_a_separate_layer(context: Path) -> None:
    image = build(context)
    assert list(members(image, 0)) == [
        "app",
        "app/inner",
        "app/inner/run.sh",
        "app/link",
        "app/main.py",
    ]
    assert list(members(image, 1)) == ["data", "data/one.txt", "data/two.txt"]
    described = document(image, "manifest")["layers"]
    assert [layer["digest"] for layer in described] == [
        layer.digest for layer in image.layers
    ]


def test_permissions_are_those_of_git_and_owners_those_of_the_instruction(
    context: Path,
) -> None:
    found = members(build(context), 0)
    assert found["app/inner/run.sh"].mode == 0o755
    assert found["app/main.py"].mode == 0o644
    assert {member.uid for member in found.values()} == {65532}
    assert {member.uid for member in members(build(context), 1).values()} == {0}


def test_equal_files_give_equal_bytes_for_any_modification_time(
    context: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first = build(context)
    os.utime(context / "one.txt", (1, 1))
    monkeypatch.setenv("TRACER_CACHE", str(tmp_path / "other"))
    second = build(context)
    assert second.archive != first.archive
    assert Path(second.archive).read_bytes() == Path(first.archive).read_bytes()


def test_a_second_build_returns_the_first_image(context: Path) -> None:
    written = Path(build(context).archive).stat().st_mtime_ns
    assert Path(build(context).archive).stat().st_mtime_ns == written


def test_a_changed_file_changes_only_its_layer(context: Path) -> None:
    first = build(context)
    (context / "one.txt").write_text("other")
    second = build(context)
    assert second.layers[0] == first.layers[0]
    assert second.layers[1] != first.layers[1]


def test_an_image_without_a_tag_is_deleted(context: Path) -> None:
    first = build(context)
    (context / "one.txt").write_text("other")
    second = build(context)
    assert not Path(first.archive).exists()
    assert not first.layers[1].blob.exists()
    assert all(layer.blob.exists() for layer in second.layers)


def test_an_image_can_be_the_base_of_another(context: Path) -> None:
    lower = build(context, tag="localhost/lower:1")
    (context / "Dockerfile").write_text("FROM localhost/lower:1\nENV C=$A\nCMD b")
    upper = build_image(
        Order(context / "Dockerfile", context, None, "localhost/upper:1")
    )
    assert upper.layers == lower.layers
    settings = document(upper, "config")["config"]
    assert settings["Env"] == ["A=1", "B=none", "C=1"]
    assert settings["Cmd"] == ["/bin/sh", "-c", "b"]


def test_the_archive_contains_its_name_and_digest(context: Path) -> None:
    image = build(context)
    assert archive_identity(Path(image.archive)) == ("localhost/x:1", image.digest)
    assert image.pinned == f"localhost/x@{image.digest}"


def test_dockerignore_excludes_and_includes_files(context: Path) -> None:
    (context / ".dockerignore").write_text("**/*.py\n!code/main.py\ncode/inner\n")
    (context / "code" / "other.py").write_text("")
    assert list(members(build(context), 0)) == ["app", "app/link", "app/main.py"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("COPY ../secret /", "outside the context"),
        ("COPY absent /", "not in the context"),
        ("COPY --from=builder a /", "--from is not supported"),
        ("COPY --chown=me one.txt /", "--chown must be a number"),
        ("COPY one.txt", "must have a source and a target"),
        ("FROM scratch", "a second stage"),
    ],
)
def test_an_invalid_instruction_is_rejected(context: Path, line: str, why: str) -> None:
    (context / "Dockerfile").write_text(f"FROM scratch\n{line}\n")
    with pytest.raises(DockerfileError, match=why):
        build(context)


def test_a_base_that_was_never_built_is_rejected(context: Path) -> None:
    with pytest.raises(DockerfileError, match="no image with this name"):
        build(context, base="python:3.11")
