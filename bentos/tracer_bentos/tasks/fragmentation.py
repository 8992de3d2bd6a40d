"""Find the request fields that cause more tasks than the limit."""

from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from typing import Final

from tracer_core.contracts.evidence import Fragmentation

__all__ = ["FragmentationTracker"]

MAX_TASKS_BEYOND_LIMIT: Final = 4096
"""Maximum number of stored tasks beyond the limit."""
MAX_FIELDS: Final = 64
"""Fields that are counted; clients choose their names."""
MAX_FIELD_CHARACTERS: Final = 80

Parts = Mapping[str, str]


class FragmentationTracker:
    """Tracks the tasks of one process and the fields in which they differ."""

    def __init__(self, limit: int = 64) -> None:
        self._limit = limit
        self._known: dict[str, Parts] = {}
        self._beyond_limit: OrderedDict[str, None] = OrderedDict()
        self._count_beyond_limit = 0
        self._fields: Counter[str] = Counter()

    def observe(self, task: str, parts: Callable[[], Parts]) -> None:
        """Record the task of a request.

        Args:
            task: Fingerprint of the task.
            parts: Returns the parts of the task; called for a new task only.
        """
        if task in self._known or task in self._beyond_limit:
            return
        if len(self._known) < self._limit:
            self._known[task] = parts()
            return
        self._beyond_limit[task] = None
        if len(self._beyond_limit) > MAX_TASKS_BEYOND_LIMIT:
            self._beyond_limit.popitem(last=False)
        self._count_beyond_limit += 1
        self._count_differences(parts())

    @property
    def report(self) -> Fragmentation | None:
        """The field that causes most tasks; none while the limit is not exceeded."""
        if not self._count_beyond_limit:
            return None
        field = min(self._fields, key=lambda name: (-self._fields[name], name))
        reason = (
            f"requests belong to more than {self._limit} tasks, which differ mostly in"
            f" {field}; if this field does not define the task, add it to tasks.ignore,"
            " or let clients name their task in the task header"
        )
        return Fragmentation(tasks=self._count_beyond_limit, field=field, reason=reason)

    def _count_differences(self, parts: Parts) -> None:
        """Count the fields in which a task differs from the most similar known task."""
        differing = min(
            (_differing(known, parts) for known in self._known.values()), key=len
        )
        for field in differing:
            if field in self._fields or len(self._fields) < MAX_FIELDS:
                self._fields[field] += 1


def _differing(one: Parts, two: Parts) -> list[str]:
    names = sorted(one.keys() | two.keys())
    return [
        name[:MAX_FIELD_CHARACTERS] for name in names if one.get(name) != two.get(name)
    ]
