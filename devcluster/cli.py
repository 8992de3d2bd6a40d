"""The verbs of the command line; each one parses, calls one function and prints."""

import argparse
import asyncio
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from devcluster.cache import cache_folder
from devcluster.cluster import DEFAULT_NAME, Cluster
from devcluster.debian import (
    ensure_prerequisites,
    find_system_programs,
    missing_packages,
)
from devcluster.dockerfile_image import Order, build_image
from devcluster.errors import DevclusterError
from devcluster.images import load_archive, load_image, present_images
from devcluster.launcher import bring_down, bring_up, healthy, prepare
from devcluster.port_forward import forward

Verb = Callable[[Cluster, argparse.Namespace], int]
PASSED_ON = ("kubectl", "helm")
"""Verbs whose words all belong to another program."""


def up(cluster: Cluster, _: argparse.Namespace) -> int:
    """Bring the cluster up."""
    bring_up(cluster)
    return env(cluster, _)


def down(cluster: Cluster, _: argparse.Namespace) -> int:
    """End the cluster and remove all that is left of it."""
    bring_down(cluster)
    return 0


def status(cluster: Cluster, _: argparse.Namespace) -> int:
    """Say whether the cluster is up; the exit code says it too."""
    running = cluster.running()
    if running is None:
        print(f"{cluster.name}: down")
        return 1
    state = "up" if healthy(cluster) else "not ready"
    print(f"{cluster.name}: {state}")
    print(f"API server  https://127.0.0.1:{running.api_port}")
    print(f"Gateway     http://127.0.0.1:{running.gateway_port}")
    print(f"kubeconfig  {cluster.kubeconfig}")
    print(f"logs        {cluster.log}")
    return 0 if state == "up" else 1


def env(cluster: Cluster, _: argparse.Namespace) -> int:
    """Print what a shell needs: eval "$(python -m devcluster env)"."""
    running = cluster.expect_running()
    print(f"export KUBECONFIG={cluster.kubeconfig}")
    print(f"export GATEWAY_URL=http://127.0.0.1:{running.gateway_port}")
    print(f'export PATH="{cache_folder("bin")}:$PATH"')
    return 0


def images(cluster: Cluster, _: argparse.Namespace) -> int:
    """List the images that pods of the cluster can use."""
    cluster.expect_running()
    for one in present_images(cluster):
        print(f"{one.reference}\t{one.digest}\t{one.size}")
    return 0


def load(cluster: Cluster, words: argparse.Namespace) -> int:
    """Import image archives; those whose image is there are skipped."""
    cluster.expect_running()
    for archive in words.archives:
        print(load_archive(cluster, archive))
    return 0


def build(cluster: Cluster, words: argparse.Namespace) -> int:
    """Build an image from a Dockerfile without RUN."""
    arguments = dict(pair.split("=", 1) for pair in words.arg)
    order = Order(words.file, words.context, words.base, words.tag, arguments)
    image = build_image(order)
    if words.output:
        shutil.copyfile(image.archive, words.output)
    if words.load:
        cluster.expect_running()
        load_image(cluster, image)
    print(f"{image.reference}@{image.digest}")
    return 0


def prerequisites(_: Cluster, words: argparse.Namespace) -> int:
    """Say what the machine lacks, or install and build it all."""
    if words.install:
        prepare()
    missing = missing_packages()
    print("\n".join(missing) if missing else "every package is there")
    if not missing:
        ensure_prerequisites()
    return 1 if missing else 0


def forward_service(cluster: Cluster, words: argparse.Namespace) -> int:
    """Lead a host port to a Service until interrupted."""
    asyncio.run(forward(cluster, words.service, words.port))
    return 0


def pass_on(cluster: Cluster, program: str, words: Sequence[str]) -> int:
    """Become kubectl or helm, with the cluster's access."""
    cluster.expect_running()
    environment = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig)}
    binary = str(cache_folder("bin") / program)
    os.execve(binary, [program, *words], environment)  # noqa: S606 - no shell wanted


def parser() -> argparse.ArgumentParser:
    """Give the parser of every verb."""
    top = argparse.ArgumentParser(prog="python -m devcluster", description=__doc__)
    default = os.environ.get("DEVCLUSTER_NAME", DEFAULT_NAME)
    top.add_argument("--name", default=default, help="which cluster (%(default)s)")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--name", default=argparse.SUPPRESS, help="which cluster")
    verbs = top.add_subparsers(required=True, metavar="VERB")

    def add(name: str, verb: Verb) -> argparse.ArgumentParser:
        said = (verb.__doc__ or "").splitlines()[0]
        added = verbs.add_parser(name, parents=[common], help=said, description=said)
        added.set_defaults(verb=verb)
        return added

    for verb in (up, down, status, env, images):
        add(verb.__name__, verb)
    add("prerequisites", prerequisites).add_argument("--install", action="store_true")
    add("load-image", load).add_argument("archives", nargs="+", type=Path)
    forwarded = add("forward", forward_service)
    forwarded.add_argument("service", metavar="NAMESPACE/SERVICE:PORT")
    forwarded.add_argument("--port", type=int, default=0, help="host port (any free)")
    _add_build_words(add("build-image", build))
    for name in PASSED_ON:
        verbs.add_parser(name, help=f"run {name} with the cluster's access")
    return top


def _add_build_words(build_parser: argparse.ArgumentParser) -> None:
    add = build_parser.add_argument
    add("--file", type=Path, required=True, help="the Dockerfile")
    add("--context", type=Path, required=True, help="folder that COPY reads from")
    add("--base", help="replaces FROM: localhost/python, scratch, a built tag, a tar")
    add("--tag", required=True, help="such as localhost/tracer/operator:dev")
    add("--arg", action="append", default=[], metavar="NAME=VALUE")
    add("--output", type=Path, help="where to put a copy of the archive")
    add("--load", action="store_true", help="import it into the cluster too")


def main(words: Sequence[str]) -> int:
    """Carry out one command line and give its exit code."""
    find_system_programs()
    try:
        name, program, rest = split_passed_on(words)
        if program:
            return pass_on(Cluster(name), program, rest)
        parsed = parser().parse_args(words)
        verb: Verb = parsed.verb
        return verb(Cluster(parsed.name), parsed)
    except DevclusterError as error:
        print(f"devcluster: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def split_passed_on(words: Sequence[str]) -> tuple[str, str | None, list[str]]:
    """Give the cluster, the program and its words when a verb passes them on.

    `--name` is ours only before the verb: kubectl and helm have words of their own.
    """
    name = os.environ.get("DEVCLUSTER_NAME", DEFAULT_NAME)
    left = list(words)
    if left[:1] == ["--name"] and len(left) > 1:
        name, left = left[1], left[2:]
    if left and left[0] in PASSED_ON:
        return name, left[0], left[1:]
    return name, None, []
