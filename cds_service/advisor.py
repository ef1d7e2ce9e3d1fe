"""One request, all the way: gather the chart, decide, and put the advice into cards."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from cds_service.content.library import Content
from cds_service.engine.advice import Assessment
from cds_service.engine.chart import Chart
from cds_service.engine.decide import Policy, decide
from cds_service.engine.recognise import recognise
from cds_service.fhir.orders import DraftOrder
from cds_service.gather.chart import gather
from cds_service.gather.templates import prefetch_templates
from cds_service.hooks.request import HookRequest
from cds_service.render.cards import cards
from cds_service.settings import Settings


def today() -> date:
    """Return the day on which look-backs end: today in UTC."""
    return datetime.now(UTC).date()


@dataclass(frozen=True, slots=True)
class Consultation:
    """What one request came to."""

    as_of: date
    chart: Chart | None
    assessments: tuple[Assessment, ...]
    cards: list[dict[str, Any]]


class Advisor:
    """The advisor with its content and settings; safe to share between threads."""

    def __init__(
        self, content: Content, settings: Settings, clock: Callable[[], date] = today
    ) -> None:
        """Keep `content` and `settings`; `clock` gives the day of each request."""
        self.content = content
        self.settings = settings
        self._clock = clock
        self._policy = Policy(settings.max_cards_per_order, frozenset(settings.disabled_cards))
        self.prefetch_templates = prefetch_templates(
            content.resource_types, content.observation_codes
        )

    @property
    def content_version(self) -> str:
        """Return the version of the clinical content in use."""
        return self.content.version

    def answer(self, request: HookRequest) -> list[dict[str, Any]]:
        """Return the cards for `request`.

        Raises:
            RequestRefused: the patient cannot be had, or is not the one of the request.
        """
        return self.consult(request).cards

    def consult(self, request: HookRequest) -> Consultation:
        """Return the cards for `request` together with how they came about.

        The chart is gathered only when an imaging order is selected: other orders are none of our
        business, and their patients' records neither.

        Raises:
            RequestRefused: the patient cannot be had, or is not the one of the request.
        """
        as_of = self._clock()
        orders = tuple(order for order in request.selected if self._imaging(order))
        if not orders:
            return Consultation(as_of, None, (), [])
        chart = gather(request, self.content, self.settings)
        assessments = decide(chart, orders, self.content, as_of, self._policy)
        return Consultation(
            as_of, chart, assessments, cards(assessments, self.content, lambda: str(uuid4()))
        )

    def _imaging(self, order: DraftOrder) -> bool:
        return recognise(order, self.content).imaging
