"""Calls of a stream in the format of the data plane: bytes to parsed inputs."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from benchmarks.cost_curve.streams import Call, Stream
from examples.recorded_teacher import completion
from tracer_bentos.protocols.adapter import (
    ClassificationInput,
    ParsedResponse,
    TeacherReply,
)
from tracer_bentos.protocols.openai_chat.adapter import OpenAIChat
from tracer_bentos.serving.http_server.exchange import HttpExchange, Message
from tracer_bentos.tasks.registry import TaskRegistry

__all__ = ["Asked", "Wire"]

_ADAPTER = OpenAIChat()


@dataclass(frozen=True, slots=True)
class Asked:
    """One call."""

    exchange: HttpExchange
    """The body of the request."""
    question: ClassificationInput
    """The parsed request."""
    teacher: ParsedResponse
    """The answer of the teacher, parsed from its response."""


class Wire:
    """Writes requests and responses of one stream, and parses them as the pods do."""

    def __init__(self, stream: Stream, prompt: str) -> None:
        self._stream = stream
        self._prompt = prompt
        self._tasks = TaskRegistry()

    def ask(self, call: Call, number: int) -> Asked:
        """Return one call; every request is a separate session."""
        messages = [
            {"role": "system", "content": self._prompt},
            {"role": "user", "content": call.text},
        ]
        body = json.dumps(
            {"model": self._stream.model, "messages": messages, "temperature": 0}
        ).encode()
        asked = _ADAPTER.parse_request(body)
        if asked is None:
            raise AssertionError("the adapter does not parse its own protocol")
        reply = TeacherReply(
            200, "application/json", json.dumps(_response(call)).encode()
        )
        return Asked(
            _exchange(f"{self._stream.seed}-{number}"),
            self._tasks.identify(asked),
            _ADAPTER.parse_response(asked, reply),
        )


def _response(call: Call) -> dict[str, Any]:
    prompt = call.instructions + call.tokens
    counts = {
        "prompt_tokens": prompt,
        "completion_tokens": call.answer,
        "total_tokens": prompt + call.answer,
    }
    return completion.answer(call.text, call.label, counts)


def _exchange(session: str) -> HttpExchange:
    scope = {
        "method": "POST",
        "path": "/v1/chat/completions",
        "headers": [(b"x-session-id", session.encode())],
    }
    return HttpExchange(scope, _nothing, _nowhere)


async def _nothing() -> Message:
    never: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
    return await never


async def _nowhere(message: Message) -> None:
    del message
