"""The Kubernetes API: both kinds as pydantic models, from which the CRDs are made."""

from tracer_router.api.base.kind import Column, Kind
from tracer_router.api.base.meta import ObjectMeta, OwnerReference
from tracer_router.api.base.model import ApiModel, Effect, Rule
from tracer_router.api.field_types.duration import Duration
from tracer_router.api.field_types.percent import Percent
from tracer_router.api.field_types.resources import Resources
from tracer_router.api.revision import (
    MAX_SIMILAR,
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
from tracer_router.api.spec.access import (
    Access,
    AccessMode,
    ClientKeys,
    GatewayHeader,
    PassThrough,
)
from tracer_router.api.spec.audit import Audit, AuditMode, Detect
from tracer_router.api.spec.cache import Cache
from tracer_router.api.spec.embedder import (
    Embedder,
    EmbeddingsEndpoint,
    OnnxFolder,
    SurrogateModels,
)
from tracer_router.api.spec.limits import Limits
from tracer_router.api.spec.rollout import OnInconclusive, Promotion, Rollout
from tracer_router.api.spec.router_spec import Parity, Session, Tasks, TracerRouterSpec
from tracer_router.api.spec.teacher import (
    ConfigMapKey,
    Endpoint,
    Price,
    SecretKey,
    Teacher,
    TeacherProtocol,
)
from tracer_router.api.spec.traces import (
    Capture,
    RedactPattern,
    S3Store,
    Store,
    StoreCredentials,
    Traces,
)
from tracer_router.api.spec.traffic import Gateway, Split, Traffic
from tracer_router.api.spec.training import Engine, Training
from tracer_router.api.status.conditions import (
    Condition,
    ConditionStatus,
    ConditionType,
    Reason,
    set_condition,
)
from tracer_router.api.status.evidence import (
    BootCounts,
    CellCounts,
    EvidenceStatus,
    RevisionCounts,
    RevisionTotals,
    TaskCounts,
)
from tracer_router.api.status.progress import (
    Baseline,
    ClosedCell,
    Detector,
    DriftWatch,
    RepeatMark,
    ShareBaseline,
)
from tracer_router.api.status.router_status import (
    Agreement,
    AuditStatus,
    History,
    Phase,
    SavingsStatus,
    TraceCounts,
    TracerRouterStatus,
    Weight,
)

__all__ = [
    "MAX_SIMILAR",
    "Access",
    "AccessMode",
    "Agreement",
    "ApiModel",
    "AttemptSpec",
    "Audit",
    "AuditMode",
    "AuditStatus",
    "Baseline",
    "BootCounts",
    "BundleStatus",
    "Cache",
    "Capture",
    "CellCounts",
    "CertificateStatus",
    "ClientKeys",
    "ClosedCell",
    "Column",
    "Condition",
    "ConditionStatus",
    "ConditionType",
    "ConfigMapKey",
    "Detect",
    "Detector",
    "DriftWatch",
    "Duration",
    "Effect",
    "Embedder",
    "EmbeddingsEndpoint",
    "Endpoint",
    "Engine",
    "EvidenceStatus",
    "Gateway",
    "GatewayHeader",
    "History",
    "Kind",
    "Limits",
    "ObjectMeta",
    "OnInconclusive",
    "OnnxFolder",
    "OwnerReference",
    "Parity",
    "PassThrough",
    "Percent",
    "Phase",
    "Price",
    "Promotion",
    "Reason",
    "RedactPattern",
    "RepeatMark",
    "Resources",
    "RevisionCounts",
    "RevisionPhase",
    "RevisionTotals",
    "Rollout",
    "Rule",
    "S3Store",
    "SavingsStatus",
    "SecretKey",
    "Session",
    "ShareBaseline",
    "Split",
    "Store",
    "StoreCredentials",
    "SurrogateModels",
    "TaskCertificate",
    "TaskCounts",
    "TaskEvidenceStatus",
    "Tasks",
    "Teacher",
    "TeacherProtocol",
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
