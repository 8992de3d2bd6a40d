"""A whole data plane on loopback, with a store in a folder and a small surrogate."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import zstandard
from openai import AsyncOpenAI, DefaultAsyncHttpxClient

from tracer_bentos.redaction.standard import StandardRedactor
from tracer_bentos.serving.decision.eligibility import LoadedSurrogate
from tracer_bentos.serving.server.app import DataPlane
from tracer_bentos.serving.server.bundle_loader import BundleReader
from tracer_bentos.serving.server.listeners import Listener
from tracer_bentos.serving.server.settings import Settings
from tracer_bentos.serving.telemetry.pricing import ParsedPrice
from tracer_bentos.store import open_store
from tracer_core.contracts.access import AccessMode
from tracer_core.contracts.document import sha256_digest
from tracer_core.contracts.evidence import Evidence
from tracer_core.contracts.policy import PolicyDocument, RevisionPolicy
from tracer_core.contracts.runtime_config import StoreConfig

__all__ = [
    "ANYBODY",
    "ARCHIVE",
    "BUNDLE",
    "FirstWord",
    "Plane",
    "certified",
    "put_archive",
    "serving",
    "settings_for",
    "until",
]

ARCHIVE = b"an exported Bento"
BUNDLE = "sha256:" + "b" * 64
BENTO_KEY = "bundles/one.bento"
ANYBODY = AccessMode.OPEN
PROMPT = "Name the department."
PRICE = ParsedPrice("gpt-test", Decimal("1e-6"), Decimal("1e-6"), Decimal("1e-5"))


@dataclass(frozen=True)
class Guess:
    """A prediction of `FirstWord`."""

    label: str
    score: float
    accepted: bool
    cell: str


class PanicException(BaseException):
    """An error like those that a library in Rust raises."""


class FirstWord:
    """A surrogate that answers with the first word and defers texts with a `?`."""

    redaction = StandardRedactor.identity
    target = 0.95
    costly = False
    remote = False
    embedding_tokens = 0

    def decide(self, text: str) -> Guess:
        word = text.split(maxsplit=1)[0].lower()
        if word == "broken":
            raise RuntimeError("this surrogate cannot decide")
        if word == "panic":
            raise PanicException("unreachable code")
        return Guess(word, 0.99, "?" not in text, f"word {word}")

    def decide_all(self, texts: Sequence[str]) -> list[Guess]:
        return [self.decide(text) for text in texts]


def read_first_word(archive: bytes, into: Path, digest: str) -> LoadedSurrogate:
    assert (archive, digest) == (ARCHIVE, BUNDLE)
    assert into.is_dir()
    return FirstWord()


@dataclass
class Plane:
    """A running data plane and clients for it."""

    data_plane: DataPlane
    url: str
    internal: str
    store: Path
    http: aiohttp.ClientSession
    stack: AsyncExitStack

    def client(self, key: str = "sk-client") -> AsyncOpenAI:
        client = AsyncOpenAI(
            base_url=f"{self.url}/v1",
            api_key=key,
            max_retries=0,
            http_client=DefaultAsyncHttpxClient(verify=False),
        )
        self.stack.push_async_callback(client.close)
        return client

    async def evidence(self) -> Evidence:
        async with self.http.get(f"{self.internal}/evidence") as response:
            return Evidence.from_json(await response.read())

    async def push(self, policy: PolicyDocument) -> Evidence:
        """Push a policy after the first attempt to load the bundle."""
        slot = self.data_plane.surrogate_slot
        await until(lambda: slot.reason != "not fetched yet")
        address = f"{self.internal}/evidence"
        async with self.http.post(address, data=policy.to_json()) as response:
            assert response.status == 200
            return Evidence.from_json(await response.read())

    def traces(self) -> list[dict[str, Any]]:
        """Return all records in the store, oldest segment first."""
        return [
            json.loads(line)
            for path in sorted(self.store.glob("traces/*/*.zst"))
            for line in zstandard.decompress(path.read_bytes()).splitlines()
        ]


def certified(
    task: str, *, audit: float, generation: int = 1, surrogate: bool = True
) -> PolicyDocument:
    """Return a policy in which revision 1 answers one task."""
    policy = RevisionPolicy(
        surrogate=surrogate, audit=audit, bundle=BUNDLE, tasks=(task,)
    )
    return PolicyDocument(generation=generation, revisions={"1": policy})


def settings_for(teacher: str, folder: Path, **changes: Any) -> Settings:
    """Return settings of revision 1, with all files in one folder."""
    url = f"file://{folder / 'store'}"
    defaults: dict[str, Any] = {
        "teacher_url": teacher,
        "revision": 1,
        "bundle_digest": BUNDLE,
        "bento_digest": sha256_digest(ARCHIVE),
        "bento_key": BENTO_KEY,
        "store": StoreConfig(url=url),
        "spool": folder / "spool",
        "host": "127.0.0.1",
        "traffic_port": 0,
        "internal_port": 0,
        "segment_seconds": 0.0,
        "prices": (PRICE,),
    }
    return Settings(**(defaults | changes))


def put_archive(settings: Settings) -> None:
    """Write a substitute for an exported Bento to the store."""
    open_store(settings.store).write(BENTO_KEY, ARCHIVE)


@asynccontextmanager
async def serving(
    teacher: str,
    folder: Path,
    read: BundleReader = read_first_word,
    **changes: Any,
) -> AsyncIterator[Plane]:
    """Run a data plane of revision 1; by default, its surrogate is `FirstWord`."""
    settings = settings_for(teacher, folder, **changes)
    store = folder / "store"
    if changes.get("store") is None:
        put_archive(settings)
    plane = DataPlane(settings, read)
    traffic = Listener(plane.traffic_app, "127.0.0.1", 0, 1.0)
    internal = Listener(plane.admin_api, "127.0.0.1", 0, 1.0)
    await plane.start()
    await internal.start()
    await traffic.start()
    async with (
        aiohttp.ClientSession(auto_decompress=False) as http,
        AsyncExitStack() as stack,
    ):
        listeners = (traffic, internal)
        url, inside = (f"http://127.0.0.1:{listener.port}" for listener in listeners)
        yield Plane(plane, url, inside, store, http, stack)
    await asyncio.gather(traffic.stop(), internal.stop(), plane.finish())


async def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Return when a condition is true; raise `TimeoutError` if it takes too long."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - files and counts raise no event
            await asyncio.sleep(0.01)
