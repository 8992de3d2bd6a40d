"""Traces from logs of whole requests and responses, as many products keep them.

They are read by the code that reads live traffic, so a log gives the same task, input
and label as the data plane would have captured.
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
    """One line of such a log."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    request: dict[str, Any]
    """The body of the request."""
    response: dict[str, Any] | str
    """The body of the response; as text if it was a stream."""
    path: str = "/v1/chat/completions"
    """The path that was asked."""
    status: int = HTTPStatus.OK
    """HTTP status of the response."""
    task: str | None = None
    """Name of the task, as a client would say it in the task header."""
    id: str | None = None
    """Unique id of the request."""
    time: datetime | None = None
    """When it was received."""
    session: str | None = None
    """Session of the request."""


def build_record(exchange: LoggedExchange) -> TraceRecord | None:
    """Give the trace; none when the request is not one that a label can answer.

    It is not redacted yet, as any trace from elsewhere.
    """
    target = RequestTarget.from_post(exchange.path)
    adapter = find_adapter(_adapters(), target)
    if adapter is None:
        return None
    request = adapter.parse_request(compact_json(exchange.request), target)
    if request is None:
        return None
    question = TaskRegistry().identify(request, exchange.task)
    answer = adapter.parse_response(request, _reply(request, exchange))
    return TraceRecord(
        input=question.input,
        teacher=answer.label,
        id=exchange.id,
        time=exchange.time,
        task=question.task,
        session=exchange.session,
        status=answer.status,
        model=question.model,
        prompt_tokens=answer.usage.prompt if answer.usage else None,
        completion_tokens=answer.usage.completion if answer.usage else None,
    )


def _reply(request: ParsedRequest, exchange: LoggedExchange) -> TeacherReply:
    kind = "text/event-stream" if request.stream else "application/json"
    body = exchange.response
    if isinstance(body, dict):  # put together by whoever wrote the log
        return TeacherReply(
            exchange.status, "application/json", json.dumps(body).encode()
        )
    return TeacherReply(exchange.status, kind, body.encode())


@cache
def _adapters() -> AdapterTable:
    return build_table((*language_model_adapters(), *load_installed_adapters()))
