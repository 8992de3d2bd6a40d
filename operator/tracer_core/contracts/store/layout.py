"""Keys of all objects in the trace store, relative to the prefix of a router.

::

    traces/2026-11-23/20261123T101500.123456Z-POD-000001.jsonl.zst   sealed, immutable
    attempts/0001/request.json        the request                        write-once
    attempts/0001/standing.json       error level, and rows already read write-once
    attempts/0001/rows.json           segments that were read            write-once
    attempts/0001/quarantine.jsonl    invalid lines
    attempts/0001/result.json         the result                         write-once
    replacements/NAME.json            segments that segment NAME replaces
    erasures/HEX.json                 sessions and requests to erase     write-once
    bundles/sha256-HEX.bento          exported Bentos, by digest
    tasks/found/sha256-HEX/0001.json  candidate templates, in order      write-once
    tasks/settled/sha256-HEX.json     the frozen template of a task      write-once

The attempts are the append-only ledger of the statistics. They are kept after the
router is deleted.
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
    """Return the key of a sealed segment; keys sort by the time of sealing."""
    utc = sealed.astimezone(UTC)
    name = f"{utc.strftime(_STAMP)}-{pod}-{number:06d}.jsonl.zst"
    return f"{TRACES}{utc:%Y-%m-%d}/{name}"


def segment_time(key: str) -> datetime:
    """Return the time of sealing from the key of a segment.

    Raises:
        ValueError: The key is not the key of a segment.
    """
    stamp = key.rsplit("/", 1)[-1].split("-", 1)[0]
    return datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)


def attempt_key(attempt: int, document: str) -> str:
    """Return the key of a document of an attempt, such as result.json."""
    return f"attempts/{attempt:04d}/{document}"


def bento_key(digest: str) -> str:
    """Return the key of an exported Bento, from its digest."""
    return f"bundles/{digest.replace(':', '-')}.bento"


def rewritten_key(last: str, digest: str) -> str:
    """Return the key of a segment that replaces others.

    Args:
        last: Key of the last replaced segment.
        digest: Digest of the keys of all replaced segments.
    """
    folder, _, name = last.rpartition("/")
    stamp = name.split("-", 1)[0]
    return f"{folder}/{stamp}-rewritten-{digest[:16]}.jsonl.zst"


def replacement_key(output: str) -> str:
    """Return the key of the document that lists what a segment replaces."""
    return f"{REPLACEMENTS}{output.rpartition('/')[2]}.json"


def erasure_key(digest: str) -> str:
    """Return the key of an erasure request, from its digest."""
    return f"{ERASURES}{digest.removeprefix('sha256:')[:32]}.json"


def candidate_template_key(frame: str, number: int) -> str:
    """Return the key of a candidate template; the first write of a number wins."""
    return f"{TEMPLATES}found/{frame.replace(':', '-')}/{number:04d}.json"


def frozen_template_key(task: str) -> str:
    """Return the key of the frozen template of a task."""
    return f"{TEMPLATES}settled/{task.replace(':', '-')}.json"
