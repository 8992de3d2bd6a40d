"""The audit coin is fair, monotone in its rate and the same in every pod."""

from tracer_bentos.serving.decision.sampler import SessionSampler

SESSIONS = [f"session-{number}" for number in range(20_000)]


def test_heads_come_up_as_often_as_the_rate_says() -> None:
    coin = SessionSampler("https://teacher/v1", "s3://bucket/router")
    heads = sum(coin.draw(session, 0.02).sampled for session in SESSIONS)
    # Five standard deviations of the binomial.
    assert abs(heads - 400) < 100


def test_heads_at_a_low_rate_is_heads_at_every_higher_one() -> None:
    coin = SessionSampler("https://teacher/v1", "s3://bucket/router")
    rates = (0.0, 0.02, 0.3, 1.0)
    for session in SESSIONS[:2000]:
        fell = [coin.draw(session, rate).sampled for rate in rates]
        assert fell == sorted(fell)
        assert (fell[0], fell[-1]) == (False, True)


def test_every_pod_of_a_router_draws_the_same_and_other_routers_do_not() -> None:
    one, two = (
        SessionSampler("https://teacher/v1", "s3://a"),
        SessionSampler("https://teacher/v1", "s3://a"),
    )
    other = SessionSampler("https://teacher/v1", "s3://b")
    positions = [one.position(session) for session in SESSIONS[:100]]
    assert positions == [two.position(session) for session in SESSIONS[:100]]
    assert positions != [other.position(session) for session in SESSIONS[:100]]
