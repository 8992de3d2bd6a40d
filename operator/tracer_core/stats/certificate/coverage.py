"""Interval for the share of the traffic that a policy answers.

The policy may have been selected on the same rows.
"""

from tracer_core.stats.binomial import clopper_pearson_interval

__all__ = ["coverage_interval"]


def coverage_interval(
    accepted: int, rows: int, steps: int, level: float
) -> tuple[float, float]:
    """Return an interval for the share of the traffic that the served policy answers.

    Claim: with probability at least 1 - level, it contains the share that the served
    step answers, whichever step of the declared chain is served because of the rows.
    Construction: the Clopper-Pearson interval of the served step at level / steps, with
    half of it on each side. The accepted rows of each step are binomial, so all `steps`
    intervals hold together with probability at least 1 - level, including that of the
    served step.
    Assumes: the chain was declared before the rows were seen; rows are independent of
    each other and of the chain, and drawn from the traffic that the claim refers to.
    Source: Clopper and Pearson, Biometrika 26 (1934); Dunn, JASA 56 (1961).

    Args:
        accepted: Number of rows that the served step accepts.
        rows: Number of all rows.
        steps: Number of steps of the declared chain, at least 1.
        level: Error probability of the interval, in (0, 1).

    Returns:
        The lower and the upper end, each in [0, 1].

    Raises:
        ValueError: The chain has no steps, or the counts or the level are invalid.
    """
    if steps < 1:
        raise ValueError(f"a chain of {steps} steps serves nothing: must be at least 1")
    return clopper_pearson_interval(accepted, rows, level / steps)
