"""What a user asks of a TracerRouter.

Only fields whose behaviour exists: one that nothing reads would break a promise.
"""

from typing import Annotated, ClassVar

from pydantic import Field

from tracer_router.api.base.model import ApiModel, Effect, Rule
from tracer_router.api.field_types.percent import PERCENT_PATTERN, Percent, PercentRange
from tracer_router.api.field_types.resources import Resources
from tracer_router.api.field_types.string_types import HeaderName
from tracer_router.api.spec.access import Access
from tracer_router.api.spec.audit import Audit
from tracer_router.api.spec.cache import Cache
from tracer_router.api.spec.embedder import Surrogate
from tracer_router.api.spec.limits import Limits
from tracer_router.api.spec.rollout import Rollout
from tracer_router.api.spec.teacher import Teacher
from tracer_router.api.spec.traces import Traces
from tracer_router.api.spec.traffic import Traffic
from tracer_router.api.spec.training import Training

__all__ = [
    "Parity",
    "Session",
    "Tasks",
    "TracerRouterSpec",
]


class Parity(ApiModel):
    """The promise: how often the surrogate must agree with the teacher."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            f"![self.margin, self.target].all(p, p.matches(r'{PERCENT_PATTERN}'))"
            " || double(self.margin.replace('%', ''))"
            " < double(self.target.replace('%', ''))",
            "margin must be below target: lower parity.margin, 1% is usual",
            ".margin",
        ),
    )

    target: Annotated[
        Percent, PercentRange("50%", "99.9%", "95%"), Effect.SURROGATE_OFF
    ]
    """Agreement to certify. Raised above the certified one, the surrogate is off until
    a new certificate; lowered, nothing happens before the next attempt."""
    confidence: Annotated[
        Percent, PercentRange("80%", "99.9%", "95%"), Effect.SURROGATE_OFF
    ] = Percent("95%")
    """Probability that the promise holds, over all attempts together. Raised above
    the certified one, the surrogate is off until a new certificate."""
    margin: Annotated[Percent, PercentRange("0.1%", "50%", "1%"), Effect.NOTHING] = (
        Percent("1%")
    )
    """How far below the target live agreement may lie and still be promoted."""


class Session(ApiModel):
    """What belongs together; audits are drawn per session."""

    header: Annotated[HeaderName, Effect.NOTHING] = "x-session-id"
    """Header that names the session."""


class Tasks(ApiModel):
    """How requests are told apart into tasks."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.header.lowerAscii() != self.session.header.lowerAscii()",
            "tasks.header and tasks.session.header must differ: rename one of them",
            ".header",
        ),
    )

    header: Annotated[HeaderName, Effect.NOTHING] = "x-tracer-task"
    """Header by which a client may name its task. Requests whose task is not certified
    go to the teacher."""
    session: Session = Session()
    """How sessions are recognised."""
    ignore: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=128)], ...],
        Field(max_length=64),
        Rule(
            "!self.exists(f, f in ['messages', 'system', 'input', 'instructions',"
            " 'prompt', 'tools', 'tool_choice', 'response_format', 'text'])",
            "what is asked, and what shapes the answer, cannot be ignored: remove it",
        ),
        Effect.RECERTIFY,
    ] = ()
    """Fields of a request that do not define the question, beside those that never do,
    such as user, metadata and seed. For requests that differ in nothing else, such as a
    field of your own."""
    limit: Annotated[int, Field(ge=1, le=64), Effect.NOTHING] = 64
    """Tasks that are counted apart; the rest are counted together as `other` and go to
    the teacher."""


class TracerRouterSpec(ApiModel):
    """What is asked for; `teacher.url` and `parity.target` are enough."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.teacher.apiKey) || has(self.access)",
            "with teacher.apiKey the router pays for every caller, so spec.access must"
            " say who may call: add access with mode ClientKeys, GatewayHeader or Open,"
            " or remove teacher.apiKey",
            ".access",
        ),
        Rule(
            "!has(self.teacher.apiKey) || !has(self.access)"
            " || self.access.mode != 'PassThrough'",
            "access.mode PassThrough sends the client's own key, teacher.apiKey sends"
            " another: say access.mode ClientKeys, GatewayHeader or Open, or remove"
            " teacher.apiKey",
            ".access",
        ),
        Rule(
            "has(self.teacher.apiKey) || !has(self.access)"
            " || self.access.mode != 'ClientKeys'",
            "with access.mode ClientKeys clients show your keys, which the teacher does"
            " not know: add teacher.apiKey",
            ".access",
        ),
    )

    teacher: Teacher
    """The model that answers whatever is not certified."""
    parity: Parity
    """The promise."""
    access: Access | None = None
    """Who may call; PassThrough when absent."""
    limits: Limits = Limits()
    """How much one pod takes on."""
    cache: Cache | None = None
    """Answers given again to exact repeats; off when absent. Leave it off where clients
    ask the same twice to get two different answers."""
    tasks: Tasks = Tasks()
    """How requests are told apart into tasks."""
    traces: Traces = Traces()
    """Where traces, bundles and the ledger of attempts lie."""
    training: Training = Training()
    """When an attempt at a certificate is made."""
    surrogate: Surrogate | None = None
    """What surrogates are made of."""
    rollout: Rollout = Rollout()
    """How a certified surrogate takes its part of the traffic."""
    audit: Audit = Audit()
    """How much is audited."""
    traffic: Traffic = Traffic()
    """How requests reach the pods."""
    replicas: Annotated[int, Field(ge=1, le=100), Effect.NOTHING] = 2
    """Pods of the stable revision."""
    resources: Resources | None = None
    """CPU and memory of a data-plane pod; the chart's when absent."""
    history_limit: Annotated[int, Field(ge=1, le=100), Effect.NOTHING] = 10
    """Ended revisions that are kept."""
    suspend: Annotated[bool, Effect.NOTHING] = False
    """Begin no attempt and take no step of a rollout. What serves goes on, and going
    back stays automatic."""
