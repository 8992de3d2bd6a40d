"""The ASGI application: the chat endpoint of OpenAI with recorded answers."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from . import completion
from .changed import ChangedAnswers
from .recordings import Recording, latency_seconds

__all__ = ["RecordedTeacher", "Settings"]

_Scope = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of the teacher."""

    key: str | None = None
    """The bearer key that clients must send; None accepts every client."""
    latency_scale: float = 1.0
    """Factor of the simulated latency; 0 for none."""


class _Refusal(Exception):  # noqa: N818 - a response, not a fault
    """An error response."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


class RecordedTeacher:
    """Returns the recorded answers of known texts and refuses all other requests."""

    def __init__(self, recordings: Mapping[str, Recording], settings: Settings) -> None:
        self._recordings = recordings
        self._settings = settings
        self._changed = ChangedAnswers(recordings)

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        """Serve one request of the ASGI server."""
        if scope["type"] != "http":
            return
        try:
            await self._route(scope, receive, send)
        except _Refusal as refusal:
            await _send_json(send, refusal.status, refusal.body)

    async def _route(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        match scope["method"], scope["path"]:
            case "GET", "/healthz":
                await _send_json(send, 200, {"status": "ok"})
            case "GET", "/v1/models":
                self._authorize(scope)
                await _send_json(send, 200, completion.models())
            case "POST", "/v1/chat/completions":
                self._authorize(scope)
                await self._complete(await _read_json(receive), send)
            case "POST", "/v1/recorded/changed":
                self._authorize(scope)
                await self._change(await _read_json(receive), send)
            case method, path:
                message = f"Invalid URL ({method} {path})"
                raise _Refusal(404, _invalid(message, None))

    def _authorize(self, scope: _Scope) -> None:
        if self._settings.key is None:
            return
        expected = f"Bearer {self._settings.key}".encode()
        if (b"authorization", expected) not in scope["headers"]:
            message = "Incorrect API key provided."
            raise _Refusal(401, _invalid(message, "invalid_api_key"))

    async def _change(self, body: Mapping[str, Any], send: _Send) -> None:
        share = body.get("share")
        if not isinstance(share, int | float) or not 0 <= share <= 1:
            raise _Refusal(400, _invalid("`share` must be between 0 and 1.", None))
        self._changed.share = float(share)
        await _send_json(send, 200, {"share": self._changed.share})

    async def _complete(self, body: Mapping[str, Any], send: _Send) -> None:
        messages = _messages(body)
        recording = self._find(messages)
        counts = completion.usage(messages, recording.label)
        wait = latency_seconds(recording.text) * self._settings.latency_scale
        if not body.get("stream"):
            await asyncio.sleep(wait)
            whole = completion.answer(recording.text, recording.label, counts)
            await _send_json(send, 200, whole)
            return
        options = body.get("stream_options") or {}
        shown = counts if options.get("include_usage") else None
        parts = list(completion.chunks(recording.text, recording.label, shown))
        await _send_stream(send, parts, wait)

    def _find(self, messages: list[Mapping[str, Any]]) -> Recording:
        text = completion.last_user_text(messages)
        recording = self._recordings.get(text)
        if recording is None:
            message = f"No answer was recorded for this text: {text[:80]!r}"
            raise _Refusal(404, _invalid(message, "not_recorded"))
        return self._changed.recording_for(recording)


def _messages(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    model = body.get("model")
    if model != completion.MODEL:
        message = f"The model `{model}` does not exist; only {completion.MODEL} does."
        raise _Refusal(404, _invalid(message, "model_not_found"))
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise _Refusal(400, _invalid("`messages` must be a list of messages.", None))
    return messages


def _invalid(message: str, code: str | None) -> dict[str, Any]:
    return completion.error(message, "invalid_request_error", code)


async def _read_json(receive: _Receive) -> Mapping[str, Any]:
    body = b""
    more = True
    while more:
        event = await receive()
        body += event.get("body", b"")
        more = event.get("more_body", False)
    try:
        content = json.loads(body)
    except ValueError as error:
        message = f"Could not parse the JSON body of your request: {error}"
        raise _Refusal(400, _invalid(message, None)) from None
    if not isinstance(content, dict):
        raise _Refusal(400, _invalid("The body must be a JSON object.", None))
    return content


async def _send_json(send: _Send, status: int, content: dict[str, Any]) -> None:
    body = json.dumps(content).encode()
    length = str(len(body)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", length)]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _send_stream(
    send: _Send, parts: list[dict[str, Any]], seconds: float
) -> None:
    """Send server-sent events: half of the time before the first, half between."""
    headers = [(b"content-type", b"text/event-stream; charset=utf-8")]
    await asyncio.sleep(seconds / 2)
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for part in parts:
        data = f"data: {json.dumps(part)}\n\n".encode()
        await send({"type": "http.response.body", "body": data, "more_body": True})
        await asyncio.sleep(seconds / 2 / len(parts))
    await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})
