"""What the data-plane pods cost: what they reserve, for as long as they are there."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

__all__ = ["PodCostMeter", "PodPrices", "ReservedResources"]

_EVERY = timedelta(hours=1)
"""How often the meter is read: more often would be a write at rest."""


@dataclass(frozen=True, slots=True)
class PodPrices:
    """What the cluster charges, in the currency of the teacher's prices."""

    core_hour: Decimal = Decimal(0)
    """One CPU core for an hour."""
    gib_hour: Decimal = Decimal(0)
    """One GiB of memory for an hour."""

    def __bool__(self) -> bool:
        """Whether anything is charged at all."""
        return bool(self.core_hour or self.gib_hour)


@dataclass(frozen=True, slots=True)
class ReservedResources:
    """What one pod reserves."""

    cores: Decimal = Decimal(0)
    """CPU cores."""
    gib: Decimal = Decimal(0)
    """GiB of memory."""


@dataclass(frozen=True, slots=True)
class PodCostMeter:
    """The cost up to a moment; it is kept in the router's status."""

    cost: Decimal
    """Cost so far."""
    until: datetime
    """Up to when."""

    def update(
        self, pods: Iterable[ReservedResources], prices: PodPrices, now: datetime
    ) -> "PodCostMeter":
        """Give the meter at a later moment; the same one within the hour.

        The pods that are there now stand for the whole time since the last reading.
        """
        if now - self.until < _EVERY:
            return self
        hours = Decimal(str((now - self.until) / timedelta(hours=1)))
        rate = sum(
            (
                each.cores * prices.core_hour + each.gib * prices.gib_hour
                for each in pods
            ),
            Decimal(0),
        )
        cost = (self.cost + hours * rate).quantize(Decimal("1e-9"))
        return PodCostMeter(cost, now)
