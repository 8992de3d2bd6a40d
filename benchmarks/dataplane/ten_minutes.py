"""One answer and one stream of ten minutes, through Envoy Gateway and a router.

    python -m benchmarks.dataplane.ten_minutes [--seconds 600] [--namespace ten-minutes]

Runs on the cluster of the demo (DEVCLUSTER_NAME selects another one). The latency of
the recorded teacher is scaled to that time, and the official client requests a complete
answer and a stream at the same time, with a longer timeout.
"""

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable

from openai import AsyncOpenAI, Timeout

from examples.demo.cluster import Cluster, connect
from examples.demo.images import build_images
from examples.demo.install import QUICKSTART, TEACHER_KEY, install, read_manifests
from examples.demo.questions import prepare_questions
from examples.demo.watch import View, Watch
from examples.recorded_teacher.recordings import Recording, latency_seconds

ROUTER = "long"
TEACHER = "deployment/recorded-teacher"

Ask = Callable[[AsyncOpenAI, Recording], Awaitable[str]]


def main() -> None:
    """Set up, send the requests, print the results, and clean up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--namespace", default="ten-minutes")
    given = parser.parse_args()
    question = next(iter(prepare_questions().endless()))
    cluster = connect()
    _set_up(cluster, given.namespace, given.seconds / latency_seconds(question.text))
    try:
        whole = asyncio.run(_ask(cluster, given.namespace, question))
    finally:
        cluster.kubectl("delete", "namespace", given.namespace, "--wait=false")
    if not whole:
        raise SystemExit("a response is incomplete")


def _set_up(cluster: Cluster, namespace: str, scale: float) -> None:
    install(cluster, namespace, build_images(cluster))
    here = ("-n", namespace)
    cluster.kubectl(*here, "set", "env", TEACHER, f"TEACHER_LATENCY_SCALE={scale}")
    cluster.kubectl(*here, "rollout", "status", TEACHER, "--timeout=2m")
    manifest = read_manifests(QUICKSTART)[0]
    manifest["metadata"]["name"] = ROUTER
    manifest["spec"]["traffic"]["hostnames"] = [f"{namespace}.test"]
    cluster.apply(namespace, manifest)
    watch = Watch(cluster, namespace, ROUTER)
    asyncio.run(watch.until("a router that takes requests", View.serves, 120))


async def _ask(cluster: Cluster, namespace: str, question: Recording) -> bool:
    # The host of the route is a header, because the Gateway has a local address.
    client = AsyncOpenAI(
        base_url=f"{cluster.gateway_url}/v1",
        api_key=TEACHER_KEY,
        max_retries=0,
        timeout=Timeout(None, connect=30.0),
        default_headers={"host": f"{namespace}.test"},
    )
    kinds: dict[str, Ask] = {"answer": _answer, "stream": _stream}
    found = await asyncio.gather(
        *(_timed(kind, ask, client, question) for kind, ask in kinds.items())
    )
    return all(text == question.label for text in found)


async def _timed(kind: str, ask: Ask, client: AsyncOpenAI, question: Recording) -> str:
    began = time.monotonic()
    text = await ask(client, question)
    print(f"{kind}: {text!r} after {time.monotonic() - began:.1f} s", flush=True)
    return text


async def _answer(client: AsyncOpenAI, question: Recording) -> str:
    made = await client.chat.completions.create(
        model="gpt-4", messages=[{"role": "user", "content": question.text}]
    )
    return made.choices[0].message.content or ""


async def _stream(client: AsyncOpenAI, question: Recording) -> str:
    stream = await client.chat.completions.create(
        model="gpt-4",
        messages=[{"role": "user", "content": question.text}],
        stream=True,
    )
    return "".join([each.choices[0].delta.content or "" async for each in stream])


if __name__ == "__main__":
    main()
