"""The cost of the data-plane pods: what they reserve, for as long as they exist."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

__all__ = ["PodCostMeter", "PodPrices", "ReservedResources"]

_INTERVAL = timedelta(hours=1)
"""Time between two readings: a shorter one would write the status at rest."""


@dataclass(frozen=True, slots=True)
class PodPrices:
    """Prices of the cluster, in the currency of the prices of the teacher."""

    core_hour: Decimal = Decimal(0)
    """One CPU core for an hour."""
    gib_hour: Decimal = Decimal(0)
    """One GiB of memory for an hour."""

    def __bool__(self) -> bool:
        """Return whether any price is configured."""
        return bool(self.core_hour or self.gib_hour)


@dataclass(frozen=True, slots=True)
class ReservedResources:
    """The resources that one pod requests."""

    cores: Decimal = Decimal(0)
    """CPU cores."""
    gib: Decimal = Decimal(0)
    """GiB of memory."""


@dataclass(frozen=True, slots=True)
class PodCostMeter:
    """The cost up to a point in time, stored in the status of the router."""

    cost: Decimal
    """Cost so far."""
    until: datetime
    """End of the metered time."""

    def update(
        self, pods: Iterable[ReservedResources], prices: PodPrices, now: datetime
    ) -> "PodCostMeter":
        """Return the meter at a later time; the same meter within an hour.

        The present pods are metered for the whole time since the last reading.
        """
        if now - self.until < _INTERVAL:
            return self
        hours = Decimal(str((now - self.until) / timedelta(hours=1)))
        rate = sum(
            (pod.cores * prices.core_hour + pod.gib * prices.gib_hour for pod in pods),
            Decimal(0),
        )
        cost = (self.cost + hours * rate).quantize(Decimal("1e-9"))
        return PodCostMeter(cost, now)
