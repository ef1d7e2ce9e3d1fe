"""One request, all the way: gather the chart, decide, and put the advice into cards."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from cds_service.clients.model import LOCAL, Client
from cds_service.content.library import Content
from cds_service.content.model import Procedure
from cds_service.engine.advice import Assessment
from cds_service.engine.chart import Chart
from cds_service.engine.decide import decide
from cds_service.engine.policy import Policy
from cds_service.engine.recognise import recognise
from cds_service.fhir.client import ReadObserver
from cds_service.fhir.orders import DraftOrder
from cds_service.fhir.read import Json
from cds_service.gather.chart import check_patients, gather
from cds_service.gather.reads import WhileReading
from cds_service.gather.templates import prefetch_templates
from cds_service.hooks.errors import RequestRefused
from cds_service.hooks.request import HookRequest
from cds_service.log import logger
from cds_service.render.annotation import annotate, rating_extensions
from cds_service.render.cards import cards, not_assessed
from cds_service.render.suggestions import RatingOf
from cds_service.settings import Settings
from cds_service.tracing import span
from cds_service.uuid7 import new_id

_log = logger(__name__)


def today() -> date:
    """Return the day on which look-backs end: today in UTC."""
    return datetime.now(UTC).date()


@dataclass(frozen=True, slots=True)
class NotAssessed:
    """An imaging order that a fault of ours left without advice, and the study it asks for."""

    order: DraftOrder
    procedure: Procedure | None


@dataclass(frozen=True, slots=True)
class Consultation:
    """What one request came to: cards in the shape of CDS Hooks 2.0.1, and how they came about.

    The cards of the `assessments` come first (`in_order_of_cards`), then one for each order in
    `not_assessed`. `system_actions` record ratings on the orders, for clients that agreed to it.
    """

    as_of: date
    chart: Chart | None
    assessments: tuple[Assessment, ...]
    cards: list[dict[str, Any]]
    system_actions: tuple[dict[str, Any], ...] = ()
    not_assessed: tuple[NotAssessed, ...] = ()


class Advisor:
    """The advisor with its content, settings and policy; safe to share between threads."""

    def __init__(
        self,
        content: Content,
        settings: Settings,
        clock: Callable[[], date] = today,
        policy: Policy | None = None,
    ) -> None:
        """Keep all of them; `clock` gives the day of each request.

        Whoever counts FHIR reads sets `observe_read`; whoever limits how many calls wait for them
        sets `while_reading` (see `gather`).
        """
        self.content = content
        self.settings = settings
        self.policy = policy or Policy()
        self._clock = clock
        self.observe_read: ReadObserver | None = None
        self.while_reading: WhileReading = nullcontext
        self.prefetch_templates = prefetch_templates(
            content.resource_types, content.observation_codes
        )

    @property
    def content_version(self) -> str:
        """Return the version of the clinical content in use."""
        return self.content.version

    def consult(self, request: HookRequest, client: Client = LOCAL) -> Consultation:
        """Return the cards for `request` by `client`, together with how they came about.

        The chart is gathered only when an imaging order is selected: other orders are none of our
        business, and their patients' records neither.

        Raises:
            RequestRefused: the patient cannot be had, or is not the one of the request.
        """
        as_of = self._clock()
        orders = tuple(order for order in request.selected if self._imaging(order))
        if not orders:
            check_patients(request, self.settings)
            return Consultation(as_of, None, (), [])
        with span("gather"):
            chart = gather(
                request,
                self.content,
                self._settings_for(client),
                self.observe_read,
                self.while_reading,
            )
        faults: list[tuple[DraftOrder, Exception]] = []
        with span("decide"):
            assessments = decide(
                chart,
                orders,
                self.content,
                as_of,
                self._policy_for(client),
                on_fault=lambda order, fault: faults.append((order, fault)),
                beside=request.orders,
            )
        for _, fault in faults:
            if not assessments or isinstance(fault, RequestRefused):
                raise fault
        with span("render"):
            shown = cards(assessments, self.content, new_id, self._rating_for(client))
            faulty = tuple([self._not_assessed(order, fault) for order, fault in faults])
            shown += [not_assessed(each.procedure, self.content, new_id) for each in faulty]
            actions = self._system_actions(assessments, client)
        return Consultation(as_of, chart, assessments, shown, actions, faulty)

    def _not_assessed(self, order: DraftOrder, fault: Exception) -> NotAssessed:
        """Return what is known of an order that a fault of ours left without advice."""
        _log.error("an order could not be assessed", exception_type=type(fault).__name__)
        return NotAssessed(order, recognise(order, self.content).procedure)

    def _imaging(self, order: DraftOrder) -> bool:
        return recognise(order, self.content).imaging

    def _settings_for(self, client: Client) -> Settings:
        """Return the settings with the FHIR servers that were agreed with `client`."""
        if client is LOCAL:
            return self.settings
        return replace(self.settings, fhir_servers=client.fhir_servers)

    def _policy_for(self, client: Client) -> Policy:
        """Return the site's policy, with what was agreed with `client` in its place."""
        most, disabled = client.max_cards_per_order, client.disabled_cards
        policy = self.policy
        if most is not None:
            policy = replace(policy, max_cards_per_order=most)
        if disabled is not None:
            policy = replace(policy, disabled_cards=frozenset(disabled))
        return policy

    def _rating_for(self, client: Client) -> RatingOf | None:
        """Return what rates suggested orders, for clients that agreed to carry ratings."""
        agreed = client.annotation
        if agreed is None:
            return None

        def rated(procedure: Procedure, assessment: Assessment) -> list[Json]:
            return rating_extensions(
                procedure,
                assessment,
                self.content,
                agreed.mechanism,
                agreed.criteria_uri or None,
                new_id,
            )

        return rated

    def _system_actions(
        self, assessments: tuple[Assessment, ...], client: Client
    ) -> tuple[dict[str, Any], ...]:
        agreed = client.annotation
        if agreed is None:
            return ()
        criteria = agreed.criteria_uri or None
        return tuple(annotate(assessments, self.content, agreed.mechanism, criteria, new_id))
