"""Traces from logs of whole requests and responses, as many products store them.

The code for live traffic parses the logs, so a log results in the same task, input, and
label that the data plane would have captured.
"""

import json
from datetime import datetime
from functools import cache
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ConfigDict

from tracer_bentos.protocols.adapter import ParsedRequest, RequestTarget, TeacherReply
from tracer_bentos.protocols.json_body import compact_json
from tracer_bentos.protocols.registry import (
    AdapterTable,
    build_table,
    find_adapter,
    language_model_adapters,
    load_installed_adapters,
)
from tracer_bentos.tasks.registry import TaskRegistry
from tracer_core.contracts.traces import TraceRecord

__all__ = ["LoggedExchange", "build_record"]


class LoggedExchange(BaseModel):
    """One line of a log."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    request: dict[str, Any]
    """The body of the request."""
    response: dict[str, Any] | str
    """The body of the response; text if it was a stream."""
    path: str = "/v1/chat/completions"
    """The path of the request."""
    status: int = HTTPStatus.OK
    """HTTP status of the response."""
    task: str | None = None
    """Name of the task, as a client would set it in the task header."""
    id: str | None = None
    """Unique id of the request."""
    time: datetime | None = None
    """Time when the request was received."""
    session: str | None = None
    """Session of the request."""


def build_record(exchange: LoggedExchange) -> TraceRecord | None:
    """Return the trace; none if a label cannot answer the request.

    The trace is not redacted.
    """
    target = RequestTarget.from_post(exchange.path)
    adapter = find_adapter(_adapters(), target)
    if adapter is None:
        return None
    request = adapter.parse_request(compact_json(exchange.request), target)
    if request is None:
        return None
    classification = TaskRegistry().identify(request, exchange.task)
    answer = adapter.parse_response(request, _reply(request, exchange))
    return TraceRecord(
        input=classification.input,
        teacher=answer.label,
        id=exchange.id,
        time=exchange.time,
        task=classification.task,
        session=exchange.session,
        status=answer.status,
        model=classification.model,
        prompt_tokens=answer.usage.prompt if answer.usage else None,
        completion_tokens=answer.usage.completion if answer.usage else None,
    )


def _reply(request: ParsedRequest, exchange: LoggedExchange) -> TeacherReply:
    kind = "text/event-stream" if request.stream else "application/json"
    body = exchange.response
    if isinstance(body, dict):  # a stream that the log stores as one object
        return TeacherReply(
            exchange.status, "application/json", json.dumps(body).encode()
        )
    return TeacherReply(exchange.status, kind, body.encode())


@cache
def _adapters() -> AdapterTable:
    return build_table((*language_model_adapters(), *load_installed_adapters()))
