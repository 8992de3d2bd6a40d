"""Start the stage, print its URLs, and end when the standard input is closed."""

import asyncio
import json
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from typing_extensions import override

from stage.rule import reply_to
from stage.teacher import teacher
from support.http2_teacher import hosting, http2_scripted
from support.serving_plane import (
    ARCHIVE,
    BUNDLE,
    FirstWord,
    Guess,
    settings_for,
    until,
)
from tracer_bentos.protocols.label import (
    FunctionCall,
    ParsedAnswer,
    canonical_json,
    canonical_label,
)
from tracer_bentos.serving.decision.eligibility import LoadedSurrogate
from tracer_bentos.serving.server.app import DataPlane
from tracer_bentos.serving.server.listeners import Listener
from tracer_bentos.store import open_store
from tracer_core.contracts.access import AccessMode
from tracer_core.contracts.policy import RevisionPolicy
from tracer_core.contracts.runtime import HttpVersion
from tracer_core.contracts.runtime_config import LimitsConfig

NO_TEACHER = "http://127.0.0.1:9/v1"
"""URL without a teacher."""


class RuleSurrogate(FirstWord):
    """A surrogate with the same rule as the stub teacher."""

    @override
    def decide(self, text: str) -> Guess:
        """Return the answer of the teacher; defer requests with an error."""
        reply = reply_to(text)
        calls = tuple(
            FunctionCall(name, canonical_json(arguments))
            for name, arguments in reply.calls
        )
        label = canonical_label(ParsedAnswer(reply.text, calls))
        return Guess(label or "", 1.0, label is not None, "all")


class EveryTask(tuple[str, ...]):
    """The certified tasks: all of them."""

    __slots__ = ()

    def __contains__(self, task: object) -> bool:
        return True


def read_surrogate(archive: bytes, into: Path, digest: str) -> LoadedSurrogate:
    """Return the surrogate for any archive."""
    del archive, into, digest
    return RuleSurrogate()


async def serve_plane(
    stack: AsyncExitStack, url: str, *, surrogate: bool, **changes: Any
) -> tuple[str, str]:
    """Start a router; return its URL and the URL of its evidence."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    settings = settings_for(url, folder, access=AccessMode.OPEN, **changes)
    open_store(settings.store).write(settings.bento_key or "", ARCHIVE)
    plane = DataPlane(settings, read_surrogate)
    await plane.start()
    stack.push_async_callback(plane.finish)
    await until(lambda: plane.surrogate_slot.digest == BUNDLE)
    fields: dict[str, Any] = {"surrogate": surrogate, "audit": 0.0, "bundle": BUNDLE}
    plane.policy_store.current = RevisionPolicy(**fields).model_copy(
        update={"tasks": EveryTask()}
    )
    traffic = await listen(stack, plane.traffic_app)
    return traffic, await listen(stack, plane.admin_api) + "/evidence"


async def listen(stack: AsyncExitStack, app: Any) -> str:
    """Serve an application on a free port; return its URL."""
    listener = Listener(app, "127.0.0.1", 0, 1.0)
    await listener.start()
    stack.push_async_callback(listener.stop)
    return f"http://127.0.0.1:{listener.port}"


async def main() -> None:
    """Run the stage until the standard input is closed."""
    async with AsyncExitStack() as stack:
        direct = await listen(stack, teacher)
        through, _ = await serve_plane(stack, f"{direct}/v1", surrogate=False)
        over_http2 = await serve_plane(
            stack,
            (await stack.enter_async_context(http2_scripted(hosting(teacher)))).url,
            surrogate=False,
            teacher_http=HttpVersion.HTTP2,
        )
        surrogate, evidence = await serve_plane(stack, f"{direct}/v1", surrogate=True)
        unreachable, _ = await serve_plane(
            stack,
            NO_TEACHER,
            surrogate=False,
            limits=LimitsConfig(request_bytes=10_000),
        )
        urls = {
            "direct": direct,
            "through": through,
            "through HTTP/2": over_http2[0],
            "surrogate": surrogate,
            "unreachable": unreachable,
        }
        sys.stdout.write(json.dumps({**urls, "evidence": evidence}) + "\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


asyncio.run(main())
