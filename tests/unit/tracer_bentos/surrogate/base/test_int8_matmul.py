"""Products of small whole numbers are exact, whatever computes them."""

import pickle
from collections.abc import Iterator

import numkong
import numpy as np
import pytest
from numpy.typing import NDArray

from tracer_bentos.surrogate.base.int8_matmul import Int8Matrix, Int16Matrix

CHANCE = np.random.default_rng(1)
SIZES = [(1, 1, 1), (3, 77, 16), (1, 300, 256), (33, 70, 1_040), (2, 5, 6_000)]
KERNELS = sorted(name for name, has in numkong.get_capabilities().items() if has)


@pytest.fixture(params=["all", *KERNELS])
def without(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every instruction set that this processor has, taken away in turn."""
    name = str(request.param)
    if name not in {"all", "serial"}:
        numkong.disable_capability(name)
    yield
    if name not in {"all", "serial"}:
        numkong.enable_capability(name)


def bytes_of(*shape: int) -> NDArray[np.int8]:
    numbers = CHANCE.integers(-128, 128, shape, np.int8)
    numbers[:, 0] = -128  # the largest product of all is in each sum
    return numbers


def shorts_of(*shape: int) -> NDArray[np.int16]:
    numbers = CHANCE.integers(-32_768, 32_768, shape, np.int16)
    numbers[:, 0] = -32_768
    return numbers


def whole(one: NDArray[np.signedinteger], other: NDArray[np.signedinteger]) -> object:
    return (one.astype(np.int64) @ other.astype(np.int64).T).tolist()


@pytest.mark.usefixtures("without")
@pytest.mark.parametrize(("height", "width", "depth"), SIZES)
def test_products_of_bytes_are_those_of_whole_numbers(
    height: int, width: int, depth: int
) -> None:
    rows, vectors = bytes_of(width, depth), bytes_of(height, depth)
    assert Int8Matrix(rows).times(vectors).tolist() == whole(vectors, rows)


@pytest.mark.usefixtures("without")
@pytest.mark.parametrize(("height", "width", "depth"), SIZES)
def test_products_of_short_numbers_are_those_of_whole_numbers(
    height: int, width: int, depth: int
) -> None:
    rows, vectors = shorts_of(width, depth), shorts_of(height, depth)
    assert Int16Matrix(rows).times(vectors).tolist() == whole(vectors, rows)


def test_what_was_taken_from_the_vectors_is_in_the_products() -> None:
    rows, vectors = shorts_of(7, 50), shorts_of(3, 50)
    found = Int16Matrix(rows, taken=16_384).times(vectors)
    assert found.tolist() == whole(vectors.astype(np.int64) + 16_384, rows)


def test_vectors_of_the_largest_numbers_do_not_overflow() -> None:
    rows = np.full((2, 131_071), -128, np.int8)
    assert Int8Matrix(rows).times(rows[:1]).tolist() == whole(rows[:1], rows)


def test_a_matrix_travels_as_its_rows() -> None:
    rows, vectors = shorts_of(4, 30), shorts_of(2, 30)
    matrix = Int16Matrix(rows, taken=5)
    again = pickle.loads(pickle.dumps(matrix))  # noqa: S301 - our own
    assert again.times(vectors).tolist() == matrix.times(vectors).tolist()
