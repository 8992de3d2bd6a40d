"""Products of integers are exact with every instruction set."""

import pickle
from collections.abc import Iterator

import numkong
import numpy as np
import pytest
from numpy.typing import NDArray

from tracer_bentos.surrogate.base.int8_matmul import Int8Matrix, Int16Matrix

RANDOM = np.random.default_rng(1)
SIZES = [(1, 1, 1), (3, 77, 16), (1, 300, 256), (33, 70, 1_040), (2, 5, 6_000)]
KERNELS = sorted(name for name, has in numkong.get_capabilities().items() if has)


@pytest.fixture(params=["all", *KERNELS])
def without(request: pytest.FixtureRequest) -> Iterator[None]:
    """Disable each instruction set of this processor in turn."""
    name = str(request.param)
    if name not in {"all", "serial"}:
        numkong.disable_capability(name)
    yield
    if name not in {"all", "serial"}:
        numkong.enable_capability(name)


def random_bytes(*shape: int) -> NDArray[np.int8]:
    numbers = RANDOM.integers(-128, 128, shape, np.int8)
    numbers[:, 0] = -128  # each sum contains the largest product
    return numbers


def random_shorts(*shape: int) -> NDArray[np.int16]:
    numbers = RANDOM.integers(-32_768, 32_768, shape, np.int16)
    numbers[:, 0] = -32_768
    return numbers


def exact(left: NDArray[np.signedinteger], right: NDArray[np.signedinteger]) -> object:
    return (left.astype(np.int64) @ right.astype(np.int64).T).tolist()


@pytest.mark.usefixtures("without")
@pytest.mark.parametrize(("height", "width", "depth"), SIZES)
def test_products_of_8_bit_integers_are_exact(
    height: int, width: int, depth: int
) -> None:
    rows, vectors = random_bytes(width, depth), random_bytes(height, depth)
    assert Int8Matrix(rows).multiply(vectors).tolist() == exact(vectors, rows)


@pytest.mark.usefixtures("without")
@pytest.mark.parametrize(("height", "width", "depth"), SIZES)
def test_products_of_16_bit_integers_are_exact(
    height: int, width: int, depth: int
) -> None:
    rows, vectors = random_shorts(width, depth), random_shorts(height, depth)
    assert Int16Matrix(rows).multiply(vectors).tolist() == exact(vectors, rows)


def test_products_include_the_offset_of_the_vectors() -> None:
    rows, vectors = random_shorts(7, 50), random_shorts(3, 50)
    found = Int16Matrix(rows, offset=16_384).multiply(vectors)
    assert found.tolist() == exact(vectors.astype(np.int64) + 16_384, rows)


def test_vectors_of_the_largest_numbers_do_not_overflow() -> None:
    rows = np.full((2, 131_071), -128, np.int8)
    assert Int8Matrix(rows).multiply(rows[:1]).tolist() == exact(rows[:1], rows)


def test_a_pickled_matrix_computes_the_same_products() -> None:
    rows, vectors = random_shorts(4, 30), random_shorts(2, 30)
    matrix = Int16Matrix(rows, offset=5)
    unpickled = pickle.loads(pickle.dumps(matrix))  # noqa: S301 - pickled here
    assert unpickled.multiply(vectors).tolist() == matrix.multiply(vectors).tolist()
