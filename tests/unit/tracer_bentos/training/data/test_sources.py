"""Sources of traces: files, folders, and stores of the data plane."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import zstandard
from obstore.store import LocalStore

from tracer_bentos.store import TraceStore
from tracer_bentos.training.data.sources import find_sources
from tracer_bentos.training.run.load_rows import load_rows
from tracer_core.contracts.store.layout import replacement_key, segment_key
from tracer_core.contracts.store.maintenance import Replacement
from tracer_core.errors import InputError

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def lines(*texts: str) -> bytes:
    return "".join(
        json.dumps({"input": text, "teacher": "x"}) + "\n" for text in texts
    ).encode()


@pytest.fixture
def store(tmp_path: Path) -> TraceStore:
    (tmp_path / "store").mkdir()
    return TraceStore(LocalStore(prefix=tmp_path / "store"), "file://store")


def texts_of(named: str) -> list[str]:
    return sorted(row.text for row in load_rows(named).rows.rows)


def test_only_the_segments_of_a_store_are_read_each_record_once(
    store: TraceStore, tmp_path: Path
) -> None:
    old, new = segment_key(NOON, "a", 1), segment_key(NOON, "b", 2)
    store.write(old, zstandard.compress(lines("a")))
    store.write(new, zstandard.compress(lines("a", "b")))
    replacement = Replacement(output=new, inputs=(old,), made=NOON)
    store.write(replacement_key(new), replacement.to_json())
    store.write("attempts/0001/result.json", b'{"not": "a trace"}')
    folder = tmp_path / "store"
    for named in (str(folder), folder.as_uri()):
        found = load_rows(named)
        assert {row.text for row in found.rows.rows} == {"a", "b"}
        assert len(found.rows.rows) == 2
        assert [row.time for row in found.rows.rows] == [NOON, NOON]
        assert found.faults == ()


def test_a_prefix_without_segments_is_an_export(
    store: TraceStore, tmp_path: Path
) -> None:
    store.write("2026/a.jsonl.gz", gzip.compress(lines("a")))
    store.write("b.jsonl", lines("b"))
    store.write("readme.txt", b"no traces")
    assert texts_of((tmp_path / "store").as_uri()) == ["a", "b"]


def test_a_url_can_name_one_object(store: TraceStore, tmp_path: Path) -> None:
    store.write("a.jsonl.zst", zstandard.compress(lines("a") * 3))
    store.write("b.jsonl", lines("b"))
    url = (tmp_path / "store").as_uri()
    assert texts_of(f"{url}/b.jsonl") == ["b"]
    (source,) = find_sources(f"{url}/a.jsonl.zst")
    with source.open() as stream:
        assert stream.read() == lines("a") * 3


def test_a_large_object_is_read_in_parts(store: TraceStore, tmp_path: Path) -> None:
    content = lines(*[f"text {number} " + "x" * 1_000 for number in range(5_000)])
    store.write("large.jsonl", content)
    with store.open("large.jsonl") as stream:
        assert [stream.readline(), stream.read()] == [
            content[: content.index(b"\n") + 1],
            content[content.index(b"\n") + 1 :],
        ]
    assert len(texts_of((tmp_path / "store").as_uri() + "/large.jsonl")) == 5_000


@pytest.mark.parametrize(
    ("rest", "why"),
    [
        ("", "no traces at file://"),
        ("/absent.jsonl", "absent.jsonl: object not found"),
    ],
)
def test_a_missing_source_is_an_error(
    store: TraceStore, tmp_path: Path, rest: str, why: str
) -> None:
    store.write("readme.txt", b"no traces")
    with pytest.raises(InputError, match=why):
        load_rows((tmp_path / "store").as_uri() + rest)


def test_a_url_with_another_scheme_is_an_input_error() -> None:
    with pytest.raises(InputError, match="must be s3://BUCKET/PREFIX"):
        find_sources("ftp://example/traces")


def test_an_unreadable_line_is_reported_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(lines("a") + b"\n{torn\n" + lines("b"))
    found = load_rows(str(path))
    assert {row.text for row in found.rows.rows} == {"a", "b"}
    assert [fault.text.startswith(f"{path}:3: ") for fault in found.faults] == [True]
