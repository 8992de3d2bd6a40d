"""Reading traces: faults name the line, and never include its content."""

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
def test_files_of_each_compression_are_read(tmp_path: Path, name: str) -> None:
    pack = {".gz": gzip.compress, ".zst": zstandard.compress}
    path = tmp_path / name
    path.write_bytes(pack.get(path.suffix, bytes)(LINES))
    assert list(read_lines(open_traces(path), name)) == RECORDS


def test_a_folder_includes_all_its_trace_files(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl.gz", "notes.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in trace_files(tmp_path)] == ["a.jsonl.gz", "b.jsonl"]


def test_the_error_for_a_path_without_traces_names_the_formats(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"set the path of a \.jsonl"):
        trace_files(tmp_path / "absent")


def test_unreadable_lines_are_reported_and_the_others_are_used() -> None:
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
    faults = [item for item in found if isinstance(item, LineFault)]
    assert [item for item in found if isinstance(item, TraceRecord)] == RECORDS
    assert [fault.line for fault in faults] == [2, 3, 4]
    assert not any("4111" in fault.text for fault in faults)
    assert faults[1].text == "seg:3: input: Field required"


def test_a_line_above_the_size_limit_is_skipped() -> None:
    content = b'{"input": "' + b"a" * 3_000_000 + b'"}\n' + LINES
    found = segment(zstandard.compress(content))
    assert found == [
        LineFault("seg", 1, "the line must have at most 1,000,000 bytes"),
        *RECORDS,
    ]


def test_a_truncated_segment_gives_its_complete_lines() -> None:
    whole = zstandard.compress(b"\n".join([LINES] * 2_000))
    found = segment(whole[: len(whole) // 2])
    assert all(item in RECORDS or isinstance(item, LineFault) for item in found)


def test_content_that_is_no_segment_is_one_fault() -> None:
    (fault,) = segment(b"not zstandard")
    assert fault == LineFault(
        "seg", 1, "the rest of the file cannot be read: ZstdError"
    )
