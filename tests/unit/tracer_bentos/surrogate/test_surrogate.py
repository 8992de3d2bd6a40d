"""The surrogate: the traits that it derives from the encoders of its experts."""

import numpy as np
import pytest

from support.unasked_expert import UNASKED
from tracer_bentos.surrogate.base.encoder import Encoder
from tracer_bentos.surrogate.base.quantization import QuantizedVectors
from tracer_bentos.surrogate.encoders.endpoint import EndpointEncoder
from tracer_bentos.surrogate.encoders.onnx import OnnxEncoder
from tracer_bentos.surrogate.encoders.precomputed import PrecomputedEncoder
from tracer_bentos.surrogate.encoders.registry import default_encoders
from tracer_bentos.surrogate.kernel_ridge import Coefficients, KernelRidge
from tracer_bentos.surrogate.surrogate import AcceptancePolicy, Surrogate

STATIC = default_encoders()[0]
GIVEN = PrecomputedEncoder(3)
ONNX = OnnxEncoder(b"", b"")
ENDPOINT = EndpointEncoder("http://127.0.0.1:9/v1", "small")


def surrogate_with(*encoders: Encoder) -> Surrogate:
    """Return a surrogate with an expert on words and an expert per encoder."""
    experts = (
        KernelRidge(
            encoder,
            np.zeros(3, np.float32),
            QuantizedVectors.from_vectors(np.zeros((1, 3), np.float32)),
            Coefficients.from_matrix(np.zeros((1, 1))),
        )
        for encoder in encoders
    )
    policy = AcceptancePolicy(0.5, (True,))
    return Surrogate(("label",), (UNASKED, *experts), (), policy)


@pytest.mark.parametrize(
    ("encoders", "costly", "remote", "deterministic", "vector_length"),
    [
        pytest.param((), False, False, True, None, id="words"),
        pytest.param((STATIC,), False, False, True, None, id="static"),
        pytest.param((STATIC, GIVEN), False, False, True, 3, id="vectors"),
        pytest.param((STATIC, ONNX), True, False, False, None, id="transformer"),
        pytest.param((GIVEN, ENDPOINT), True, True, False, 3, id="endpoint"),
    ],
)
def test_a_surrogate_has_the_traits_of_its_encoders(
    encoders: tuple[Encoder, ...],
    costly: bool,
    remote: bool,
    deterministic: bool,
    vector_length: int | None,
) -> None:
    surrogate = surrogate_with(*encoders)
    assert surrogate.encoders == encoders
    assert surrogate.costly is costly
    assert surrogate.remote is remote
    assert surrogate.deterministic is deterministic
    assert surrogate.vector_length == vector_length


def test_a_surrogate_reports_the_tokens_of_all_its_encoders() -> None:
    first, second = (
        EndpointEncoder("http://127.0.0.1:9/v1", model) for model in ("small", "large")
    )
    surrogate = surrogate_with(first, STATIC, second)
    first.token_counter.add(3)
    second.token_counter.add(4)
    assert surrogate.tokens_used == 7
