"""One cluster for all stories; each is played in a namespace of its own."""

import pytest

from examples.demo.cluster import Cluster, connect
from examples.demo.images import Reference, build_images


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    return connect()


@pytest.fixture(scope="session")
def images(cluster: Cluster) -> dict[str, Reference]:
    return build_images(cluster)
