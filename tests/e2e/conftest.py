"""One cluster for all end-to-end tests; every module has its own namespace."""

import pytest

from examples.demo.cluster import Cluster, connect
from examples.demo.images import Reference, build_images


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    return connect()


@pytest.fixture(scope="session")
def images(cluster: Cluster) -> dict[str, Reference]:
    return build_images(cluster)
