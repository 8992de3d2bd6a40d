"""Where everything lies in the trace store, below one router's prefix.

::

    traces/2026-11-23/20261123T101500.123456Z-POD-000001.jsonl.zst   sealed, immutable
    attempts/0001/request.json        what was asked                     write-once
    attempts/0001/standing.json       its level, and what is not fresh   write-once
    attempts/0001/rows.json           the segments that were read        write-once
    attempts/0001/quarantine.jsonl    lines that could not be read
    attempts/0001/result.json         how it ended                       write-once
    replacements/NAME.json            old segments that segment NAME stands for
    erasures/HEX.json                 sessions and requests to be forgotten  write-once
    bundles/sha256-HEX.bento          exported Bentos, by content
    tasks/found/sha256-HEX/0001.json  instructions that vary, in order    write-once
    tasks/settled/sha256-HEX.json     what is asked below them           write-once

The attempts are the append-only ledger of the statistics: they outlive the router.
"""

from datetime import UTC, datetime

__all__ = [
    "ERASURES",
    "REPLACEMENTS",
    "TEMPLATES",
    "TRACES",
    "attempt_key",
    "bento_key",
    "candidate_template_key",
    "erasure_key",
    "frozen_template_key",
    "replacement_key",
    "rewritten_key",
    "segment_key",
    "segment_time",
]

TEMPLATES = "tasks/"
TRACES = "traces/"
REPLACEMENTS = "replacements/"
ERASURES = "erasures/"
_STAMP = "%Y%m%dT%H%M%S.%fZ"


def segment_key(sealed: datetime, pod: str, number: int) -> str:
    """Name a sealed segment; names sort by the time of sealing."""
    utc = sealed.astimezone(UTC)
    name = f"{utc.strftime(_STAMP)}-{pod}-{number:06d}.jsonl.zst"
    return f"{TRACES}{utc:%Y-%m-%d}/{name}"


def segment_time(key: str) -> datetime:
    """Read the time of sealing back from a segment's key.

    Raises:
        ValueError: The key is not one of a segment.
    """
    stamp = key.rsplit("/", 1)[-1].split("-", 1)[0]
    return datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)


def attempt_key(attempt: int, document: str) -> str:
    """Name a document of an attempt, such as request.json or result.json."""
    return f"attempts/{attempt:04d}/{document}"


def bento_key(digest: str) -> str:
    """Name an exported Bento by its content."""
    return f"bundles/{digest.replace(':', '-')}.bento"


def rewritten_key(last: str, digest: str) -> str:
    """Name the segment that stands for others, by the last of them and by all."""
    folder, _, name = last.rpartition("/")
    stamp = name.split("-", 1)[0]
    return f"{folder}/{stamp}-rewritten-{digest[:16]}.jsonl.zst"


def replacement_key(output: str) -> str:
    """Name the document that says what a rewritten segment stands for."""
    return f"{REPLACEMENTS}{output.rpartition('/')[2]}.json"


def erasure_key(digest: str) -> str:
    """Name a wish to be forgotten by its content."""
    return f"{ERASURES}{digest.removeprefix('sha256:')[:32]}.json"


def candidate_template_key(frame: str, number: int) -> str:
    """Name a layout of instructions; the first one written under a number holds."""
    return f"{TEMPLATES}found/{frame.replace(':', '-')}/{number:04d}.json"


def frozen_template_key(task: str) -> str:
    """Name what was settled about the texts that a task asks about."""
    return f"{TEMPLATES}settled/{task.replace(':', '-')}.json"
