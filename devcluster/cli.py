"""Start, stop, and use a single-node Kubernetes cluster on this machine."""

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
"""Commands whose arguments are passed to another program."""


def up(cluster: Cluster, _: argparse.Namespace) -> int:
    """Start the cluster."""
    bring_up(cluster)
    return env(cluster, _)


def down(cluster: Cluster, _: argparse.Namespace) -> int:
    """Stop the cluster and remove everything except the cache."""
    bring_down(cluster)
    return 0


def status(cluster: Cluster, _: argparse.Namespace) -> int:
    """Show the state of the cluster; the exit code is 0 only if it is up."""
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
    """Print settings for a shell: eval "$(python -m devcluster env)"."""
    running = cluster.expect_running()
    print(f"export KUBECONFIG={cluster.kubeconfig}")
    print(f"export GATEWAY_URL=http://127.0.0.1:{running.gateway_port}")
    print(f'export PATH="{cache_folder("bin")}:$PATH"')
    return 0


def images(cluster: Cluster, _: argparse.Namespace) -> int:
    """List the images that pods of the cluster can use."""
    cluster.expect_running()
    for image in present_images(cluster):
        print(f"{image.reference}\t{image.digest}\t{image.size}")
    return 0


def load(cluster: Cluster, arguments: argparse.Namespace) -> int:
    """Import image archives; existing images are skipped."""
    cluster.expect_running()
    for archive in arguments.archives:
        print(load_archive(cluster, archive))
    return 0


def build(cluster: Cluster, options: argparse.Namespace) -> int:
    """Build an image from a Dockerfile without RUN."""
    arguments = dict(pair.split("=", 1) for pair in options.arg)
    order = Order(options.file, options.context, options.base, options.tag, arguments)
    image = build_image(order)
    if options.output:
        shutil.copyfile(image.archive, options.output)
    if options.load:
        cluster.expect_running()
        load_image(cluster, image)
    print(f"{image.reference}@{image.digest}")
    return 0


def prerequisites(_: Cluster, options: argparse.Namespace) -> int:
    """List missing packages, or install and build everything."""
    if options.install:
        prepare()
    missing = missing_packages()
    print("\n".join(missing) if missing else "all packages are installed")
    if not missing:
        ensure_prerequisites()
    return 1 if missing else 0


def forward_service(cluster: Cluster, options: argparse.Namespace) -> int:
    """Forward a host port to a Service until interrupted."""
    asyncio.run(forward(cluster, options.service, options.port))
    return 0


def run_program(cluster: Cluster, program: str, arguments: Sequence[str]) -> int:
    """Replace this process with kubectl or helm, with access to the cluster."""
    cluster.expect_running()
    environment = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig)}
    binary = str(cache_folder("bin") / program)
    os.execve(binary, [program, *arguments], environment)  # noqa: S606 - no shell wanted


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    top = argparse.ArgumentParser(prog="python -m devcluster", description=__doc__)
    default = os.environ.get("DEVCLUSTER_NAME", DEFAULT_NAME)
    top.add_argument(
        "--name", default=default, help="name of the cluster (default: %(default)s)"
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--name", default=argparse.SUPPRESS, help="name of the cluster")
    verbs = top.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, verb: Verb) -> argparse.ArgumentParser:
        text = (verb.__doc__ or "").splitlines()[0]
        added = verbs.add_parser(name, parents=[common], help=text, description=text)
        added.set_defaults(verb=verb)
        return added

    for verb in (up, down, status, env, images):
        add(verb.__name__, verb)
    add("prerequisites", prerequisites).add_argument("--install", action="store_true")
    add("load-image", load).add_argument("archives", nargs="+", type=Path)
    forwarded = add("forward", forward_service)
    forwarded.add_argument("service", metavar="NAMESPACE/SERVICE:PORT")
    forwarded.add_argument(
        "--port", type=int, default=0, help="host port (default: any free port)"
    )
    _add_build_options(add("build-image", build))
    for name in PASSED_ON:
        verbs.add_parser(name, help=f"run {name} with access to the cluster")
    return top


def _add_build_options(build_parser: argparse.ArgumentParser) -> None:
    add = build_parser.add_argument
    add("--file", type=Path, required=True, help="path of the Dockerfile")
    add("--context", type=Path, required=True, help="folder of the files for COPY")
    add(
        "--base",
        help="base image that replaces FROM: localhost/python, scratch, a tag, or a"
        " path",
    )
    add(
        "--tag",
        required=True,
        help="tag of the image, for example localhost/tracer/operator:dev",
    )
    add("--arg", action="append", default=[], metavar="NAME=VALUE")
    add("--output", type=Path, help="path for a copy of the archive")
    add("--load", action="store_true", help="import the image into the cluster")


def main(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    find_system_programs()
    try:
        name, program, rest = split_passed_on(arguments)
        if program:
            return run_program(Cluster(name), program, rest)
        parsed = parser().parse_args(arguments)
        verb: Verb = parsed.verb
        return verb(Cluster(parsed.name), parsed)
    except DevclusterError as error:
        print(f"devcluster: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of the output has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def split_passed_on(arguments: Sequence[str]) -> tuple[str, str | None, list[str]]:
    """Return the cluster, and the program and its arguments for kubectl and helm.

    `--name` selects the cluster only before the command, because kubectl and helm have
    arguments of their own. The program is None for other commands.
    """
    name = os.environ.get("DEVCLUSTER_NAME", DEFAULT_NAME)
    left = list(arguments)
    if left[:1] == ["--name"] and len(left) > 1:
        name, left = left[1], left[2:]
    if left and left[0] in PASSED_ON:
        return name, left[0], left[1:]
    return name, None, []
