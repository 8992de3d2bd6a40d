"""The audit draw has the given rate, is monotone in it, and is equal in all pods."""

from tracer_bentos.serving.decision.audit_sampler import SessionSampler

SESSIONS = [f"session-{number}" for number in range(20_000)]


def test_the_frequency_of_sampled_sessions_equals_the_rate() -> None:
    sampler = SessionSampler("https://teacher/v1", "s3://bucket/router")
    sampled = sum(sampler.draw(session, 0.02).sampled for session in SESSIONS)
    # Five standard deviations of the binomial.
    assert abs(sampled - 400) < 100


def test_a_session_sampled_at_a_low_rate_is_sampled_at_every_higher_rate() -> None:
    sampler = SessionSampler("https://teacher/v1", "s3://bucket/router")
    rates = (0.0, 0.02, 0.3, 1.0)
    for session in SESSIONS[:2000]:
        draws = [sampler.draw(session, rate).sampled for rate in rates]
        assert draws == sorted(draws)
        assert (draws[0], draws[-1]) == (False, True)


def test_all_pods_of_a_router_draw_the_same_and_other_routers_differ() -> None:
    one, two = (
        SessionSampler("https://teacher/v1", "s3://a"),
        SessionSampler("https://teacher/v1", "s3://a"),
    )
    other = SessionSampler("https://teacher/v1", "s3://b")
    positions = [one.position(session) for session in SESSIONS[:100]]
    assert positions == [two.position(session) for session in SESSIONS[:100]]
    assert positions != [other.position(session) for session in SESSIONS[:100]]
