"""Targets and requests: all targets in turn, round by round, in one run."""

import json
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from urllib.request import Request, urlopen

from benchmarks.dataplane import texts
from benchmarks.dataplane.litellm_proxy import litellm
from benchmarks.dataplane.load import Asked, load
from benchmarks.dataplane.processes import (
    REST_ON,
    Process,
    free_port,
    module,
    pinned,
    running,
)

FORCED = {"x-tracer-force": "teacher"}
YARDSTICK = "Starlette + aiohttp"
"""The target that all others are compared with in the same round."""


@dataclass(frozen=True)
class Target:
    """One row of the table."""

    name: str
    """The name of the row."""
    server: Process
    """The measured server."""
    asked: Sequence[Asked]
    """The requests, sent in turn."""
    streams: bool = False
    """Whether the requests are for streams."""


@dataclass
class Scene:
    """All processes of a benchmark."""

    direct: Process
    ours: Process
    constant: Process
    rivals: dict[str, Process]
    texts: texts.Texts
    task: str = ""
    folder: Path = field(default=Path())

    def targets(self) -> list[Target]:
        """Return the rows of the table."""
        plain = [_ask(text) for text in self.texts.deferred]
        answered = [_ask(text) for text in self.texts.answered]
        streamed = [_ask(text, stream=True) for text in self.texts.deferred]
        mixed = [*answered[:16], *plain[:4]]
        strange = [Asked({**each.body, "temperature": 0.5}) for each in plain]
        untouched = [Asked(each.body, "/v1/moderations") for each in plain]
        ours = [
            Target("passed through, not read", self.ours, untouched),
            Target("deferred: surrogate asked, teacher answers", self.ours, plain),
            Target("deferred: a task not learnt", self.ours, strange),
            Target("surrogate: TF-IDF + static, 200 characters", self.ours, answered),
            Target("mixed: 4 of 5 by the surrogate", self.ours, mixed),
            Target("no-op: a surrogate that costs nothing", self.constant, answered),
            Target("deferred stream", self.ours, streamed, streams=True),
        ]
        others = [
            Target(f"{name}{' stream' * streams}", server, asked, streams)
            for streams, asked in ((False, plain), (True, streamed))
            for name, server in {"direct": self.direct, **self.rivals}.items()
        ]
        return [*others, *ours]

    def check(self) -> None:
        """Check that texts are answered by the expected side.

        A surrogate with an open circuit breaker would be measured as a teacher.
        """
        answered = {_post(self.ours, _ask(text)) for text in self.texts.answered}
        deferred = {_post(self.ours, _ask(text)) for text in self.texts.deferred}
        if answered != {"surrogate"} or deferred != {""}:
            raise SystemExit(f"unexpected sources of answers: {answered}, {deferred}")


@contextmanager
def scene(*, latency_ms: float = 0.0, with_litellm: bool = True) -> Iterator[Scene]:
    """Start the teacher and all proxies in front of it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        start = _Starter(stack, folder)
        direct = start("stub", latency_ms, core=REST_ON)
        task = _task(direct, folder)
        chosen = texts.build(folder / "bundle", task)
        ours = start.verb(direct, folder / "bundle")
        constant = start("constant", f"{direct.url}/v1", folder / "constant", task)
        rivals = {
            YARDSTICK: start("starlette_pass", direct.url),
            "Starlette + httpx": start("starlette_pass", direct.url, "httpx"),
        }
        if with_litellm:
            proxy = litellm(direct.url, texts.MODEL, folder)
            rivals["LiteLLM"] = stack.enter_context(proxy)
        _introduce(ours, chosen)
        made = Scene(direct, ours, constant, rivals, chosen, task, folder)
        made.check()
        yield made
        made.check()


class _Starter:
    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._stack = stack
        self._folder = folder

    def __call__(self, name: str, *arguments: object, core: int = 0) -> Process:
        port = free_port()
        command = module(f"benchmarks.dataplane.{name}", port, *arguments)
        log = self._folder / f"{name}-{port}.log"
        return self._stack.enter_context(running(command, port, core, log))

    def verb(self, teacher: Process, bundle: Path | None) -> Process:
        return self._stack.enter_context(data_plane(teacher, bundle, self._folder))


@contextmanager
def data_plane(
    teacher: Process, bundle: Path | None, folder: Path
) -> Iterator[Process]:
    """Run `tracer-router serve`, with a store."""
    port = free_port()
    given = [bundle] if bundle else []
    store = ["--store", folder / f"store-{port}"]
    command = module(
        "tracer_cli",
        *["serve", *given, "--teacher", f"{teacher.url}/v1", "--port", port, *store],
    )
    with running(command, port, log=folder / f"serve-{port}.log") as process:
        yield process


def run(
    targets: Sequence[Target], connections: int, seconds: float, rounds: int
) -> dict[str, dict[str, Any]]:
    """Measure all targets in each round; return medians, and the best by ``best_``.

    On a machine with other load, the best round is the possible value and the median
    the observed value. The ratio of a target to the yardstick in the same round does
    not depend on the speed of the machine; its median is in ``of_``.
    """
    found: dict[str, list[dict[str, Any]]] = {each.name: [] for each in targets}
    for _ in range(rounds):
        for each in targets:
            found[each.name].append(_measure(each, connections, seconds))
    return {
        name: {**_medians(each), **_best(each), **_of(each, found[YARDSTICK])}
        for name, each in found.items()
    }


def _measure(target: Target, connections: int, seconds: float) -> dict[str, Any]:
    before = target.server.cpu_seconds()
    if target.streams:
        record = _stream(target, connections, seconds)
    else:
        record = load(target.server.url, target.asked, connections, seconds).record()
    used = target.server.cpu_seconds() - before
    record["cpu_us"] = used / max(record["requests"], 1) * 1e6
    return record


def _stream(target: Target, connections: int, seconds: float) -> dict[str, Any]:
    with tempfile.NamedTemporaryFile(suffix=".json") as body:
        body.write(json.dumps(target.asked[0].body).encode())
        body.flush()
        command = module(
            "benchmarks.dataplane.stream",
            *[target.server.url, body.name, connections, seconds],
        )
        ended = subprocess.run(  # noqa: S603 - a module of this repository
            pinned(REST_ON, command), capture_output=True, text=True, check=True
        )
    return dict(json.loads(ended.stdout))


def _medians(records: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: median(each[name] for each in records) for name in records[0]}


def _of(
    records: list[dict[str, Any]], yardstick: list[dict[str, Any]]
) -> dict[str, Any]:
    pairs = [pair for pair in zip(records, yardstick, strict=True) if pair[0]["rps"]]
    return {
        f"of_{name}": median(each[name] / one[name] for each, one in pairs)
        for name in ("p50", "p99", "rps")
        if pairs
    }


def _best(records: list[dict[str, Any]]) -> dict[str, Any]:
    least = {
        f"best_{name}": min(each[name] for each in records)
        for name in records[0]
        if name.startswith(("p", "first", "cpu"))
    }
    return {**least, "best_rps": max(each["rps"] for each in records)}


def _ask(text: str, **more: Any) -> Asked:
    return Asked(texts.request_of(text, **more))


def _task(teacher: Process, folder: Path) -> str:
    """Return the task name that a data plane without a bundle assigns."""
    internal = free_port()
    port = free_port()
    command = module("tracer_cli", "serve", "--teacher", f"{teacher.url}/v1")
    command += ["--port", str(port), "--internal-port", str(internal)]
    with running(command, port, log=folder / "first.log") as process:
        _post(process, _ask("anything"))
        with urlopen(f"http://127.0.0.1:{internal}/evidence") as response:
            return str(json.load(response)["tasks"][0]["task"])


def _introduce(ours: Process, chosen: texts.Texts) -> None:
    """Send one request, so that the teacher accepts the key."""
    _post(ours, Asked(texts.request_of(chosen.answered[0]), headers=FORCED))


def _post(server: Process, asked: Asked) -> str:
    request = Request(  # noqa: S310 - loopback
        server.url + asked.path, json.dumps(asked.body).encode(), asked.all_headers
    )
    with urlopen(request) as response:  # noqa: S310 - loopback
        response.read()
        return str(response.headers.get("x-tracer-decision") or "")
