"""A cluster in memory: objects by kind and name, with a record of all writes."""

import copy
from collections.abc import Mapping
from typing import Any

from tracer_core.errors import NotFound
from tracer_router.planning.state.plan import EventRecord
from tracer_router.resources.manifest import Manifest, ObjectKey


class MemoryCluster:
    """Stores manifests; an apply merges them, like that of a single field manager."""

    def __init__(self, unserved: tuple[str, ...] = ()) -> None:
        self.unserved = unserved
        self.objects: dict[ObjectKey, Manifest] = {}
        self.writes: list[str] = []
        self.events: list[EventRecord] = []
        self._uid = 0

    async def get(self, namespace: str, key: ObjectKey) -> Manifest | None:
        del namespace
        return copy.deepcopy(self.objects.get(key))

    async def list(
        self, namespace: str, kind: str, labels: Mapping[str, str]
    ) -> list[Manifest]:
        del namespace
        return [
            copy.deepcopy(manifest)
            for key, manifest in sorted(self.objects.items())
            if key.kind == kind
            and labels.items() <= manifest["metadata"].get("labels", {}).items()
        ]

    async def apply(self, manifest: Manifest) -> Manifest:
        key = ObjectKey.from_manifest(manifest)
        if key.kind in self.unserved:
            raise NotFound(f"the server does not serve {key.kind}")
        self.writes.append(f"apply {key.kind}/{key.name}")
        before = self.objects.get(key)
        if before is None:
            self._uid += 1
            before = {"metadata": {"uid": f"uid-{self._uid}", "generation": 1}}
        metadata = {**before["metadata"], **manifest["metadata"]}
        after = {**before, **copy.deepcopy(manifest), "metadata": metadata}
        self.objects[key] = after
        return after

    async def apply_status(self, manifest: Manifest) -> Manifest:
        key = ObjectKey.from_manifest(manifest)
        self.writes.append(f"status {key.kind}/{key.name}")
        self.objects[key]["status"] = copy.deepcopy(manifest["status"])
        return self.objects[key]

    async def delete(self, namespace: str, key: ObjectKey) -> None:
        del namespace
        self.writes.append(f"delete {key.kind}/{key.name}")
        self.objects.pop(key, None)

    async def emit(self, about: Manifest, event: EventRecord) -> None:
        del about
        self.events.append(event)

    def put(self, manifest: Manifest) -> None:
        """Store an object as another client would."""
        self.objects[ObjectKey.from_manifest(manifest)] = copy.deepcopy(manifest)

    def status_of(self, kind: str, name: str) -> dict[str, Any]:
        """Return the status of an object."""
        return self.objects[ObjectKey(kind, name)].get("status", {})
