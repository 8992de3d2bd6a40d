"""Server-sent events: parse and format the streams of the protocols."""

import json
from collections.abc import Iterator
from typing import Any

__all__ = ["EVENT_STREAM", "format_event", "read_documents", "read_events"]

EVENT_STREAM = "text/event-stream; charset=utf-8"
"""Media type of a stream."""


def read_events(content: bytes) -> Iterator[str]:
    """Yield the data of each event of a complete stream."""
    lines = content.decode().replace("\r\n", "\n").replace("\r", "\n")
    for event in lines.split("\n\n"):
        data = [
            line.removeprefix("data:").removeprefix(" ")
            for line in event.split("\n")
            if line.startswith("data:")
        ]
        if data:
            yield "\n".join(data)


def read_documents(content: bytes, end: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield the JSON document of each event of a complete stream.

    Args:
        content: The stream.
        end: Data of an event that marks the end and is not JSON.

    Raises:
        ValueError: The data of an event is not JSON.
    """
    for data in read_events(content):
        if data != end:
            yield json.loads(data)


def format_event(data: bytes, name: str = "") -> bytes:
    """Return one event, with a name if the protocol uses names."""
    head = f"event: {name}\n".encode() if name else b""
    return head + b"data: " + data + b"\n\n"
