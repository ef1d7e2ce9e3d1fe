"""A survey: every chart with every trial order, through the engine and in part over HTTP."""

import traceback
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import cds_service
from cds_service.content.library import Content
from cds_service.engine.advice import Assessment
from cds_service.engine.decide import decide
from cds_service.engine.policy import Policy
from cds_service.fhir.orders import DraftOrder, read_order
from cds_service.fhir.read import Json
from cds_service.survey.charts import Subject, charts
from cds_service.survey.orders import trial_orders
from cds_service.survey.reading import Read, pages
from cds_service.survey.service import Served, Service
from cds_service.survey.tally import Crash, Tally

_EVERY_CARD = Policy(max_cards_per_order=99)
OWN_ORDER = "orders in the data"
_OURS = str(Path(cds_service.__file__).parent)


class Put(NamedTuple):
    """One order put to the engine: its name in the report, as read, and as it is."""

    name: str
    order: DraftOrder
    resource: Json


@dataclass(slots=True)
class Survey:
    """What came of a survey. `day` is the day of assessment, None for each chart's last record."""

    day: date | None
    read: Read = field(default_factory=Read)
    tally: Tally = field(default_factory=Tally)
    served: Served = field(default_factory=Served)
    left_out: Counter[str] = field(default_factory=Counter)

    @property
    def sound(self) -> bool:
        """Whether nothing crashed and the service said what the engine says."""
        return not (self.tally.crashes or self.served.faults)


def survey(
    paths: tuple[Path, ...], content: Content, day: date | None, today: date, http_every: int
) -> Survey:
    """Return what the advisor makes of the charts in `paths`.

    Each chart is assessed on `day`, or on the day of its last record; on `today` if it has
    neither. Every `http_every`-th chart also goes through the service; 0 is none.

    Raises:
        FileNotFoundError: a path does not exist.
    """
    done = Survey(day)
    service = Service(content)
    done.served = service.served
    for subject in charts(pages(paths, done.read), content, done.left_out):
        over_http = http_every > 0 and subject.number % http_every == 1 % http_every
        chosen = day or subject.last_day or today
        _chart(subject, content, chosen, done.tally, service if over_http else None)
    return done


def _chart(
    subject: Subject, content: Content, day: date, tally: Tally, service: Service | None
) -> None:
    try:
        tally.chart(subject, content)
    except Exception as fault:
        tally.crashes.append(_crash(fault, subject, "reading the records"))
    trials = [Put(each.name, each.order, each.resource) for each in trial_orders()]
    own = [
        Put(OWN_ORDER, order, order.resource) for order in map(read_order, subject.orders) if order
    ]
    assessed = _assess(subject, [*trials, *own], content, day, tally)
    for put, assessment in assessed:
        tally.order(put.name, assessment)
        if service is not None and put.name != OWN_ORDER:
            _over_http(subject, put, assessment, day, tally, service)
            _timed(subject, put, content, day, tally)
    bare = next((each for put, each in assessed if not put.order.reasons), None)
    if bare is not None:
        stated = [each for put, each in assessed if put.name == OWN_ORDER]
        tally.findings_of(subject, bare, stated, content)


def _assess(
    subject: Subject, orders: list[Put], content: Content, day: date, tally: Tally
) -> list[tuple[Put, Assessment]]:
    """Return what the engine makes of `orders`, put to it together; crashes are counted."""
    names = {id(put.order): put.name for put in orders}

    def crashed(order: DraftOrder, fault: Exception) -> None:
        tally.crashes.append(_crash(fault, subject, names[id(order)]))

    drafts = tuple(put.order for put in orders)
    try:
        found = decide(subject.chart, drafts, content, day, _EVERY_CARD, on_fault=crashed)
    except Exception as fault:
        tally.crashes.append(_crash(fault, subject, "all orders"))
        return []
    by_order = {id(each.order): each for each in found}
    return [(put, by_order[id(put.order)]) for put in orders if id(put.order) in by_order]


def _over_http(
    subject: Subject,
    put: Put,
    assessment: Assessment,
    day: date,
    tally: Tally,
    service: Service,
) -> None:
    try:
        service.call(subject, put.resource, day, assessment)
    except Exception as fault:
        tally.crashes.append(_crash(fault, subject, f"over HTTP: {put.name}"))


def _timed(subject: Subject, put: Put, content: Content, day: date, tally: Tally) -> None:
    """Note how long the engine takes for one order alone."""
    started = perf_counter()
    decide(subject.chart, (put.order,), content, day, _EVERY_CARD)
    tally.seconds[put.name].append(perf_counter() - started)


def _crash(fault: Exception, subject: Subject, order: str) -> Crash:
    """Return where `fault` came from in our code, without what it says: that may be a record's."""
    frames: Iterable[traceback.FrameSummary] = traceback.extract_tb(fault.__traceback__)
    ours = [frame for frame in frames if frame.filename.startswith(_OURS)]
    last = ours[-1] if ours else None
    place = f"{Path(last.filename).name}:{last.lineno}" if last else "unknown"
    return Crash(type(fault).__name__, place, subject.number, subject.origin, order)
