"""Server-sent events, as the protocols stream their answers."""

from collections.abc import Iterator

__all__ = ["EVENT_STREAM", "format_event", "read_events"]

EVENT_STREAM = "text/event-stream; charset=utf-8"
"""Media type of a stream."""


def read_events(content: bytes) -> Iterator[str]:
    """Give the data of each event of a whole stream."""
    lines = content.decode().replace("\r\n", "\n").replace("\r", "\n")
    for each in lines.split("\n\n"):
        data = [
            line.removeprefix("data:").removeprefix(" ")
            for line in each.split("\n")
            if line.startswith("data:")
        ]
        if data:
            yield "\n".join(data)


def format_event(data: bytes, name: str = "") -> bytes:
    """Write one event; named where the protocol names them."""
    head = f"event: {name}\n".encode() if name else b""
    return head + b"data: " + data + b"\n\n"
