"""A total over all requests from a forecast for each and a weighted sample of truths.

The sum of the forecasts, plus the errors of the sampled ones weighted by one over the
coin's rate, is unbiased however bad the forecasts are (difference estimator). Its
variance is estimated by session, because the coin is drawn by session:
``sum of (1 - p) / p^2 * d^2`` over sampled sessions, d the error of a session.

Claimed: the estimate is unbiased; the interval is approximate (Student's t, sessions as
units) and holds the truth in 93 of 100 replays or more, as tests/statistical measures.
Assumed: a coin that owes nothing to content, its rate recorded; sessions independent;
forecasts fixed before the truth is known.

Sources: Saerndal, Swensson and Wretman, Model Assisted Survey Sampling (1992), 6.3;
Cornish and Fisher (1937) for the quantile.
"""

from statistics import NormalDist

__all__ = ["half_width", "student_quantile"]

_FEWEST = 5
"""Sessions below which nothing is said about the error."""


def half_width(spread: float, samples: int, level: float = 0.05) -> float | None:
    """Give half the width of the interval; none when there are too few sessions.

    Args:
        spread: Estimated variance of the correction.
        samples: Sessions that it rests on.
        level: Probability of missing the truth.
    """
    if samples < _FEWEST:
        return None
    quantile = student_quantile(1 - level / 2, samples - 1)
    return float(quantile * max(spread, 0.0) ** 0.5)


def student_quantile(probability: float, freedom: int) -> float:
    """Give a quantile of Student's t; right to a thousandth from 4 degrees on.

    Raises:
        ValueError: So few degrees of freedom that the expansion is no good.
    """
    if freedom < _FEWEST - 1 or not 0 < probability < 1:
        raise ValueError(f"no quantile for {freedom} degrees of freedom")
    z, n = NormalDist().inv_cdf(probability), freedom
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    fourth = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160
    return z + first / n + second / n**2 + third / n**3 + fourth / n**4
