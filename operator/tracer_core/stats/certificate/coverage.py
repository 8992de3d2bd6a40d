"""How much of the traffic a policy answers that was found on the same rows."""

from tracer_core.stats.binomial import clopper_pearson_interval

__all__ = ["coverage_interval"]


def coverage_interval(
    accepted: int, rows: int, steps: int, level: float
) -> tuple[float, float]:
    """Give an interval for the share of traffic that the served policy answers.

    Claim: with probability at least 1 - level it holds the share that the served step
    answers, whichever step of the declared chain the rows made the served one.
    Construction: the Clopper-Pearson interval of the served step at level / steps, half
    of it on each side. Each step's accepted rows are binomial, so all `steps` intervals
    hold together with probability at least 1 - level, the served one among them.
    Assumes: the chain declared before the rows were seen; rows independent of each
    other and of the chain, drawn from the traffic that the claim is about.
    Source: Clopper and Pearson, Biometrika 26 (1934); Dunn, JASA 56 (1961).

    Args:
        accepted: Rows that the served step accepts.
        rows: All rows.
        steps: Length of the declared chain.
        level: Error probability of the interval.
    """
    if steps < 1:
        raise ValueError(f"a chain of {steps} steps serves nothing")
    return clopper_pearson_interval(accepted, rows, level / steps)
