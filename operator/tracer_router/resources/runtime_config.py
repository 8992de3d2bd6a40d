"""The runtime configuration of data-plane, maintenance, and training pods.

This is the only place where the operator writes `RuntimeConfig`. Fields that have the
same name in `spec` and in the document are copied by name; for a duration, the name in
the document ends in `_seconds`. Only values that need a conversion are named here.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeVar

from tracer_core.contracts.runtime_config import (
    AccessConfig,
    AuditConfig,
    CacheConfig,
    ConfigSection,
    EmbedderConfig,
    LimitsConfig,
    RevisionConfig,
    RuntimeConfig,
    StoreConfig,
    TasksConfig,
    TeacherConfig,
    TracesConfig,
    TrainingConfig,
)
from tracer_router.api import (
    Access,
    AttemptSpec,
    Capture,
    Duration,
    Engine,
    Limits,
    TracerRouter,
)
from tracer_router.api.base.model import ApiModel
from tracer_router.resources.installation import Installation
from tracer_router.resources.pod import paths
from tracer_router.resources.pod.embedder import serving_endpoint
from tracer_router.resources.pod.store import store_location
from tracer_router.resources.pod.teacher import teacher_identity
from tracer_router.resources.redaction import build_redaction
from tracer_router.resources.served import Served
from tracer_router.resources.training_pods import scheduler_address

__all__ = [
    "build_maintenance_config",
    "build_serving_config",
    "build_training_config",
]

Section = TypeVar("Section", bound=ConfigSection)

_SECONDS: Final = "_seconds"
_SUFFIXES: Final = {
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
}


def build_serving_config(
    router: TracerRouter, served: Served, installation: Installation
) -> RuntimeConfig:
    """Return the configuration of the data-plane pods of a revision."""
    spec = router.spec
    endpoint = serving_endpoint(router, served.embedder)
    price = endpoint.price_per_million_tokens if endpoint else None
    return RuntimeConfig(
        teacher=_teacher(router),
        access=_access(spec.access or Access()),
        tasks=_section(
            TasksConfig,
            spec.tasks,
            ignore=sorted(spec.tasks.ignore),
            session_header=spec.tasks.session.header,
        ),
        traces=_traces(router, installation),
        cache=_section(CacheConfig, spec.cache) if spec.cache else None,
        limits=_limits(spec.limits),
        audit=_section(AuditConfig, spec.audit),
        revision=RevisionConfig(
            number=served.revision,
            bundle=served.bundle,
            bento=served.bento,
            bento_key=served.bento_key,
        ),
        embedder=EmbedderConfig(price_per_million_tokens=Decimal(price or 0)),
    )


def build_maintenance_config(
    router: TracerRouter, installation: Installation
) -> RuntimeConfig:
    """Return the configuration of the maintenance pods of a router."""
    # Erasure requests contain hashes of sessions that depend on the teacher's URL.
    teacher = TeacherConfig(
        url=router.spec.teacher.url, protocol=router.spec.teacher.protocol
    )
    traces = TracesConfig(
        retention_seconds=router.spec.traces.retention.seconds,
        store=_store(router, installation),
    )
    return RuntimeConfig(teacher=teacher, traces=traces)


def build_training_config(
    router: TracerRouter, number: int, attempt: AttemptSpec, installation: Installation
) -> RuntimeConfig:
    """Return the configuration of the training pods of an attempt.

    Args:
        router: The router.
        number: Number of the revision.
        attempt: The attempt; its request is a document of its own.
        installation: The installation of the operator.
    """
    embedder, training = EmbedderConfig(), None
    if attempt.embedder and attempt.embedder.folder:
        embedder = EmbedderConfig(folder=Path(paths.EMBEDDER))
    if attempt.engine is Engine.DASK:
        training = TrainingConfig(
            scheduler=scheduler_address(router, number), workers=attempt.workers
        )
    return RuntimeConfig(
        traces=TracesConfig(store=_store(router, installation)),
        embedder=embedder,
        training=training,
    )


def _teacher(router: TracerRouter) -> TeacherConfig:
    teacher = router.spec.teacher
    key, authorities = teacher.api_key, teacher.ca_bundle
    return _section(
        TeacherConfig,
        teacher,
        identity=teacher_identity(router),
        key_file=f"{paths.TEACHER_KEY}/{key.key}" if key else None,
        ca_file=f"{paths.TEACHER_CA}/{authorities.key}" if authorities else None,
    )


def _access(access: Access) -> AccessConfig:
    given: dict[str, Any] = {}
    if access.pass_through is not None:
        given["lifetime_seconds"] = access.pass_through.lifetime.seconds
    if access.gateway_header is not None:
        given["caller_header"] = access.gateway_header.name
    return _section(
        AccessConfig,
        access,
        client_keys=paths.CLIENT_KEYS if access.client_keys else None,
        **given,
    )


def _traces(router: TracerRouter, installation: Installation) -> TracesConfig:
    traces = router.spec.traces
    return _section(
        TracesConfig,
        traces,
        capture=traces.capture is not Capture.DISABLED,
        redaction=build_redaction(router),
        store=_store(router, installation),
    )


def _store(router: TracerRouter, installation: Installation) -> StoreConfig:
    store = store_location(router, installation)
    return StoreConfig(
        url=store.url,
        endpoint=store.endpoint,
        region=store.region,
        credentials=Path(paths.STORE_CREDENTIALS) if store.secret else None,
    )


def _limits(limits: Limits) -> LimitsConfig:
    return _section(LimitsConfig, limits, request_bytes=_bytes(limits.request_size))


def _section(kind: type[Section], source: ApiModel, **given: Any) -> Section:
    """Return a section with the fields of the same name and the given ones."""
    copied = {}
    for name in kind.model_fields.keys() - given.keys():
        field = name.removesuffix(_SECONDS)
        value = getattr(source, field, None)
        if value is not None:
            copied[name] = _plain(value)
    return kind.model_validate(copied | given)


def _plain(value: Any) -> Any:
    if isinstance(value, Duration):
        return value.seconds
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, ApiModel):
        return value.model_dump()
    return value


def _bytes(quantity: str) -> int:
    for suffix, factor in _SUFFIXES.items():
        if quantity.endswith(suffix):
            return int(Decimal(quantity.removesuffix(suffix)) * factor)
    return int(Decimal(quantity))
