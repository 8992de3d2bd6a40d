"""A session is evidence once, over all pods of a revision."""

from hypothesis import given
from hypothesis import strategies as st

from tracer_bentos.serving.audits.session_ownership import SessionOwnership
from tracer_bentos.serving.decision.audit_sampler import SessionSampler
from tracer_bentos.serving.decision.policy_store import PolicyStore
from tracer_core.contracts.policy import PolicyDocument, RevisionPolicy

SAMPLER = SessionSampler("http://teacher", "s3://store")


def ownership_of(pod: str, pods: tuple[str, ...]) -> SessionOwnership:
    store = PolicyStore(1)
    policy = RevisionPolicy(surrogate=True, pods=pods)
    store.update(PolicyDocument(generation=1, revisions={"1": policy}))
    return SessionOwnership(pod, store)


@given(
    pods=st.lists(st.text("ab", min_size=1, max_size=3), unique=True, min_size=1),
    met=st.lists(st.integers(0, 9), min_size=1, max_size=30),
)
def test_a_session_on_all_pods_is_counted_once(pods: list[str], met: list[int]) -> None:
    named = tuple(sorted(pods))
    everywhere = [ownership_of(pod, named) for pod in named]
    session = SAMPLER.pseudonym("user-7")
    counted = [
        everywhere[number % len(named)].is_first_audit("t", session)
        for number in [*met, *range(len(named))]
    ]
    assert sum(counted) == 1


def test_sessions_are_distributed_evenly_and_independently_of_their_draw() -> None:
    named = ("a", "b", "c", "d")
    mine = ownership_of("b", named)
    sampled = [
        SAMPLER.pseudonym(f"user-{number}")
        for number in range(20_000)
        if SAMPLER.draw(f"user-{number}", 0.1).sampled
    ]
    share = sum(mine.is_first_audit("t", session) for session in sampled) / len(sampled)
    assert abs(share - 0.25) < 4 * (0.25 * 0.75 / len(sampled)) ** 0.5


def test_a_request_without_a_session_always_counts() -> None:
    lone = ownership_of("a", ("a", "b"))
    assert [lone.is_first_audit("t", None) for _ in range(3)] == [True] * 3


def test_without_pods_in_the_policy_every_pod_counts_its_sessions() -> None:
    alone = ownership_of("local", ())
    session = SAMPLER.pseudonym("user-7")
    assert [alone.is_first_audit("t", session) for _ in range(2)] == [True, False]


def test_a_pod_that_is_not_in_the_policy_counts_no_session() -> None:
    new = ownership_of("c", ("a", "b"))
    assert not new.is_first_audit("t", SAMPLER.pseudonym("user-7"))
