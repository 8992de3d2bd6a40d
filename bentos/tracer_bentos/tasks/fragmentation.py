"""Why there are more tasks than are told apart: the fields in which they differ."""

from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from typing import Final

from tracer_core.contracts.evidence import Fragmentation

__all__ = ["FragmentationTracker"]

MAX_REMEMBERED: Final = 4096
MAX_FIELDS: Final = 64
"""Fields that are counted; their names come from clients."""
LONGEST_FIELD: Final = 80

Parts = Mapping[str, str]


class FragmentationTracker:
    """The tasks of one process, and how those beyond the limit differ from them."""

    def __init__(self, limit: int = 64) -> None:
        self._limit = limit
        self._known: dict[str, Parts] = {}
        self._rest: OrderedDict[str, None] = OrderedDict()
        self._beyond = 0
        self._fields: Counter[str] = Counter()

    def observe(self, task: str, parts: Callable[[], Parts]) -> None:
        """Note a request's task; its parts are asked for at first sight only."""
        if task in self._known or task in self._rest:
            return
        if len(self._known) < self._limit:
            self._known[task] = parts()
            return
        self._rest[task] = None
        if len(self._rest) > MAX_REMEMBERED:
            self._rest.popitem(last=False)
        self._beyond += 1
        self._compare(parts())

    @property
    def report(self) -> Fragmentation | None:
        """Say what makes so many tasks; none while there are few enough."""
        if not self._beyond:
            return None
        field = min(self._fields, key=lambda name: (-self._fields[name], name))
        reason = (
            f"requests fall into more than {self._limit} tasks, which mostly differ in"
            f" {field}: if it does not define the question, name it in tasks.ignore, or"
            " let clients name their task by header"
        )
        return Fragmentation(tasks=self._beyond, field=field, reason=reason)

    def _compare(self, parts: Parts) -> None:
        differing = min(
            (_differing(each, parts) for each in self._known.values()), key=len
        )
        for field in differing:
            if field in self._fields or len(self._fields) < MAX_FIELDS:
                self._fields[field] += 1


def _differing(one: Parts, two: Parts) -> list[str]:
    names = sorted(one.keys() | two.keys())
    return [name[:LONGEST_FIELD] for name in names if one.get(name) != two.get(name)]
