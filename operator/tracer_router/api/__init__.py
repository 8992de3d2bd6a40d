"""The Kubernetes API: both kinds as pydantic models, from which the CRDs are made."""

from tracer_router.api.access import (
    Access,
    AccessMode,
    ClientKeys,
    GatewayHeader,
    Limits,
    PassThrough,
)
from tracer_router.api.conditions import (
    Condition,
    ConditionStatus,
    ConditionType,
    Reason,
    set_condition,
)
from tracer_router.api.duration import Duration
from tracer_router.api.evidence import BootCounts, Counts, EvidenceStatus, TaskCounts
from tracer_router.api.kind import Column, Kind
from tracer_router.api.meta import ObjectMeta, OwnerReference
from tracer_router.api.model import ApiModel, Effect, Rule
from tracer_router.api.percent import Percent
from tracer_router.api.revision import (
    AttemptSpec,
    BundleStatus,
    CertificateStatus,
    RevisionPhase,
    TaskCertificate,
    TaskEvidenceStatus,
    TracerRevision,
    TracerRevisionSpec,
    TracerRevisionStatus,
)
from tracer_router.api.router import TracerRouter
from tracer_router.api.spec import (
    Audit,
    Parity,
    Rollout,
    Session,
    Tasks,
    TracerRouterSpec,
    Training,
)
from tracer_router.api.status import (
    Agreement,
    Phase,
    TraceCounts,
    TracerRouterStatus,
    Weight,
)
from tracer_router.api.teacher import Endpoint, Price, Protocol, SecretKey, Teacher
from tracer_router.api.traffic import (
    Capture,
    Gateway,
    RedactPattern,
    Resources,
    S3Store,
    Store,
    StoreCredentials,
    Traces,
    Traffic,
)

__all__ = [
    "Access",
    "AccessMode",
    "Agreement",
    "ApiModel",
    "AttemptSpec",
    "Audit",
    "BootCounts",
    "BundleStatus",
    "Capture",
    "CertificateStatus",
    "ClientKeys",
    "Column",
    "Condition",
    "ConditionStatus",
    "ConditionType",
    "Counts",
    "Duration",
    "Effect",
    "Endpoint",
    "EvidenceStatus",
    "Gateway",
    "GatewayHeader",
    "Kind",
    "Limits",
    "ObjectMeta",
    "OwnerReference",
    "Parity",
    "PassThrough",
    "Percent",
    "Phase",
    "Price",
    "Protocol",
    "Reason",
    "RedactPattern",
    "Resources",
    "RevisionPhase",
    "Rollout",
    "Rule",
    "S3Store",
    "SecretKey",
    "Session",
    "Store",
    "StoreCredentials",
    "TaskCertificate",
    "TaskCounts",
    "TaskEvidenceStatus",
    "Tasks",
    "Teacher",
    "TraceCounts",
    "TracerRevision",
    "TracerRevisionSpec",
    "TracerRevisionStatus",
    "TracerRouter",
    "TracerRouterSpec",
    "TracerRouterStatus",
    "Traces",
    "Traffic",
    "Training",
    "Weight",
    "set_condition",
]
