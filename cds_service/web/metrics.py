"""Figures for whoever operates the service, in the Prometheus text format.

Every label value comes from a closed set, so that neither a patient nor a client can put words
into the figures or blow up their number; anything else is counted as ``other``.

The figures are those of one process. The service runs as one process; where a site runs several,
each is scraped by itself and the sums are made in the query. ``PROMETHEUS_MULTIPROC_DIR`` must
not be set: it moves the figures into files that this registry does not read.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from cds_service.content.library import SOURCE_TYPES
from cds_service.content.model import Indicator
from cds_service.fhir.reasons import Reason
from cds_service.hooks.errors import RequestRefused
from cds_service.web.caller import from_this_machine
from cds_service.web.discovery import SERVICES

if TYPE_CHECKING:
    from cds_service.content.library import Content
    from cds_service.journal.figures import Figures

OTHER = "other"
EXTENSION = "metrics"
"""Name of the app's extension that holds its `Metrics`."""

# The EHR waits about half a second, a FHIR read at most the deadline of the settings.
_CALL_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_READ_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.5, 5.0)
_STATUS_CLASSES = {number: f"{number}xx" for number in range(1, 6)}


def rule_ids(content: "Content") -> frozenset[str]:
    """Return the ids a card can be counted under: cards, recommendations and safety states."""
    recommendations = {rule.id for topic in content.topics for rule in topic.recommendations}
    states = {f"{rule.id}.{state.id}" for rule in content.safety_rules for state in rule.states}
    return frozenset({*content.texts, *recommendations, *states})


class Metrics:
    """The figures of one app, in a registry of its own.

    `rules` are the ids cards are counted by, `token_reasons` the reasons for which a client's
    token is refused; both are closed sets. Threads may share it.
    """

    def __init__(self, rules: Iterable[str] = (), token_reasons: Iterable[str] = ()) -> None:
        self.registry = CollectorRegistry()
        self._services = frozenset(service.id for service in SERVICES)
        self._hooks = frozenset(service.hook for service in SERVICES)
        self._rules = frozenset(rules)
        self._token_reasons = frozenset(token_reasons)
        self._indicators = frozenset(indicator.value for indicator in Indicator)
        self._kinds = frozenset(SOURCE_TYPES)
        self._calls = self._counter("calls", "Calls", "service", "hook", "status")
        self._seconds = self._histogram(
            "call_seconds", "Time to answer a call", _CALL_SECONDS, "service"
        )
        self._cards = self._counter("cards", "Cards shown", "rule", "indicator")
        self._reads = self._counter("fhir_reads", "Reads from FHIR servers", "type", "outcome")
        self._read_seconds = self._histogram(
            "fhir_read_seconds", "Time of one FHIR read", _READ_SECONDS, "type"
        )
        self._refused = self._counter("tokens_refused", "Client tokens refused", "reason")
        self._in_flight = self._gauge("calls_in_flight", "Calls being answered")
        self._ready = self._gauge("ready", "1 if ready, 0.5 if degraded, 0 if not")
        self._content = self._gauge("content_info", "Clinical content in use", "version")

    def observe_call(self, service: str, hook: str, status: int, seconds: float) -> None:
        """Count a call of `service` that was answered with `status` after `seconds`."""
        name = _one_of(service, self._services)
        status_class = _STATUS_CLASSES.get(status // 100, OTHER)
        self._calls.labels(name, _one_of(hook, self._hooks), status_class).inc()
        self._seconds.labels(name).observe(seconds)

    def card(self, rule: str, indicator: str) -> None:
        """Count a card shown by `rule`, any of `rule_ids`."""
        rule_label = _one_of(rule, self._rules)
        self._cards.labels(rule_label, _one_of(indicator, self._indicators)).inc()

    def fhir_read(self, kind: str, problem: Reason | None, seconds: float) -> None:
        """Count a read of resource type `kind`: ``ok``, or why it failed (a ``ReadObserver``)."""
        name = _one_of(kind, self._kinds)
        outcome = "ok" if problem is None else problem.name.lower()
        self._reads.labels(name, outcome).inc()
        self._read_seconds.labels(name).observe(seconds)

    def token_refused(self, reason: str) -> None:
        """Count a client's token that was refused for `reason`."""
        self._refused.labels(_one_of(reason, self._token_reasons)).inc()

    def watch_journal(self, figures: Callable[[], "Figures"]) -> None:
        """Show what `figures` returns at each scrape; it must not block."""
        self.registry.register(_JournalCollector(figures))

    def watch_calls_in_flight(self, number: Callable[[], int]) -> None:
        """Show what `number` returns at each scrape as the calls being answered."""
        self._in_flight.set_function(number)

    def watch_readiness(self, ready: Callable[[], float]) -> None:
        """Show what `ready` returns at each scrape: 1 ready, 0.5 degraded, 0 not ready."""
        self._ready.set_function(ready)

    def content(self, version: str) -> None:
        """Show `version` as the one content in use."""
        self._content.clear()
        self._content.labels(version).set(1)

    def text(self) -> bytes:
        """Return all figures in the Prometheus text format, version 0.0.4."""
        return generate_latest(self.registry)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"cds_{name}", f"{meaning}.", labels, registry=self.registry)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(f"cds_{name}", f"{meaning}.", labels, registry=self.registry)

    def _histogram(
        self, name: str, meaning: str, buckets: tuple[float, ...], label: str
    ) -> Histogram:
        return Histogram(
            f"cds_{name}", f"{meaning}.", (label,), registry=self.registry, buckets=buckets
        )


class _JournalCollector(Collector):
    """Asks the journal at each scrape, so that nothing is counted twice."""

    def __init__(self, figures: Callable[[], "Figures"]) -> None:
        self._figures = figures

    def describe(self) -> Iterator[Metric]:
        """Yield nothing: so that registering does not ask the journal yet."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """Yield the journal's figures of this moment."""
        now = self._figures()
        fates = CounterMetricFamily("cds_journal_records", "Journal records.", labels=["fate"])
        for fate in ("written", "spooled", "replayed", "lost"):
            fates.add_metric([fate], getattr(now, fate))
        yield fates
        yield GaugeMetricFamily("cds_journal_queue", "Records in memory.", now.pending)
        yield GaugeMetricFamily("cds_journal_lag_seconds", "Age of the oldest.", now.lag_seconds)
        yield GaugeMetricFamily("cds_journal_reachable", "1 if it is.", float(now.reachable))


def blueprint(*, public: bool = False) -> Blueprint:
    """Return the route ``/metrics`` for the app's extension ``metrics``.

    Unless `public`, only programs on this machine are answered, and no request that a gateway on
    this machine passed on for somebody else.
    """
    routes = Blueprint("metrics", __name__)

    @routes.get("/metrics")
    def metrics() -> Response:
        if not public and not from_this_machine(request):
            raise RequestRefused(
                403,
                "forbidden",
                "The metrics are for programs on the machine of the service; see the setting"
                " metrics_public.",
            )
        figures: Metrics = current_app.extensions[EXTENSION]
        response = Response(figures.text(), content_type=CONTENT_TYPE_LATEST)
        response.cache_control.no_store = True
        return response

    return routes


def current() -> Metrics | None:
    """Return the figures of the current app, or None if it keeps none."""
    found: Metrics | None = current_app.extensions.get(EXTENSION)
    return found


def _one_of(value: str, known: frozenset[str]) -> str:
    return value if value in known else OTHER
