"""Reading traces: what cannot be read is named, and what was in it is not told."""

import gzip
from pathlib import Path

import pytest
import zstandard

from tracer_bentos.training.data.reader import (
    LineFault,
    open_traces,
    read_lines,
    read_segment,
    trace_files,
)
from tracer_core.contracts.traces import TraceRecord
from tracer_core.errors import InputError

LINES = b'{"input": "a", "teacher": "x"}\n\n{"input": "b", "teacher": "y"}'
RECORDS = [TraceRecord(input="a", teacher="x"), TraceRecord(input="b", teacher="y")]


def segment(content: bytes) -> list[TraceRecord | LineFault]:
    return [found for _, found in read_segment(content, "seg")]


@pytest.mark.parametrize("name", ["t.jsonl", "t.jsonl.gz", "t.jsonl.zst"])
def test_a_file_is_read_whatever_its_compression(tmp_path: Path, name: str) -> None:
    pack = {".gz": gzip.compress, ".zst": zstandard.compress}
    path = tmp_path / name
    path.write_bytes(pack.get(path.suffix, bytes)(LINES))
    assert list(read_lines(open_traces(path), name)) == RECORDS


def test_a_folder_means_every_trace_file_in_it(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl.gz", "notes.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in trace_files(tmp_path)] == ["a.jsonl.gz", "b.jsonl"]


def test_a_path_without_traces_says_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"name a \.jsonl"):
        trace_files(tmp_path / "absent")


def test_unreadable_lines_are_named_and_the_rest_is_used() -> None:
    secret = b"my card is 4111 1111"
    content = b"\n".join(
        [
            b'{"input": "a", "teacher": "x"}',
            b"{" + secret,
            b'{"teacher": "' + secret + b'"}',
            b'{"input": "' + secret + b'", "status": "' + secret + b'"}',
            b'{"input": "b", "teacher": "y"}',
        ]
    )
    found = segment(zstandard.compress(content))
    faults = [each for each in found if isinstance(each, LineFault)]
    assert [each for each in found if isinstance(each, TraceRecord)] == RECORDS
    assert [each.line for each in faults] == [2, 3, 4]
    assert not any("4111" in each.text for each in faults)
    assert faults[1].text == "seg:3: input: Field required"


def test_a_line_beyond_all_bounds_is_skipped_whole() -> None:
    content = b'{"input": "' + b"a" * 3_000_000 + b'"}\n' + LINES
    found = segment(zstandard.compress(content))
    assert found == [LineFault("seg", 1, "longer than a trace may be"), *RECORDS]


def test_a_torn_segment_gives_what_comes_before_the_tear() -> None:
    whole = zstandard.compress(b"\n".join([LINES] * 2_000))
    found = segment(whole[: len(whole) // 2])
    assert all(each in RECORDS or isinstance(each, LineFault) for each in found)


def test_what_is_no_segment_at_all_is_one_fault() -> None:
    (fault,) = segment(b"not zstandard")
    assert fault == LineFault("seg", 1, "the rest cannot be read: ZstdError")
