"""Figures for whoever operates the service, in the Prometheus text format.

Every label value comes from a closed set, so that neither a patient nor a client can put words
into the figures or blow up their number; anything else is counted as ``other``.

The service runs as several worker processes, each of which answers some of the scrapes: they
keep the figures together in files of one private directory (`shared_by_workers`), so that every
scrape shows the sums over all of them since the start.
"""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from cds_service.content.library import SOURCE_TYPES
from cds_service.content.model import Indicator
from cds_service.fhir.reasons import Reason
from cds_service.web.discovery import SERVICES

if TYPE_CHECKING:
    from cds_service.content.library import Content
    from cds_service.journal.figures import Figures

OTHER = "other"

# The EHR waits about half a second, a FHIR read at most the deadline of the settings.
_CALL_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_READ_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.5, 5.0)
FEEDBACK = "feedback"
"""The label ``hook`` of feedback, which comes to an address of a service too."""

_FATES = ("written", "spooled", "replayed", "lost")
_TURNED_AWAY = frozenset({"places", "uploads", "queue", "wait", "reads"})
_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"  # where prometheus_client looks for it
_STATUS_CLASSES = {number: f"{number}xx" for number in range(1, 6)}


def shared_by_workers(directory: Path, worker: int) -> None:
    """Keep all figures made from now on in files of `directory`, for all workers together.

    `worker` is this process's number among them. A process that replaces another has its number
    and goes on with its files, so that no count falls. To be called once, before any `Metrics` is
    made: prometheus_client looks up at the making of a figure how values are kept.
    """
    os.environ[_DIRECTORY] = str(directory)
    made: Any = values.MultiProcessValue(lambda: worker)  # type: ignore[no-untyped-call]
    values.ValueClass = made


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

    def __init__(
        self,
        rules: Iterable[str] = (),
        token_reasons: Iterable[str] = (),
        directory: Path | None = None,
    ) -> None:
        """Keep the figures in this process, or where `shared_by_workers` put them: `directory`."""
        self.registry = CollectorRegistry()
        self._shown = self.registry
        if directory is not None:
            self._shown = CollectorRegistry()
            MultiProcessCollector(self._shown, str(directory))  # type: ignore[no-untyped-call]
        self._shown.register(_ContentCollector(self._in_use))
        self._services = frozenset(service.id for service in SERVICES)
        self._hooks = frozenset({*(service.hook for service in SERVICES), FEEDBACK})
        self._rules = frozenset(rules)
        self._token_reasons = frozenset(token_reasons)
        self._indicators = frozenset(indicator.value for indicator in Indicator)
        self._kinds = frozenset(SOURCE_TYPES)
        self._calls = self._counter(
            "calls", "Calls of the services, answered or refused", "service", "hook", "status"
        )
        self._seconds = self._histogram(
            "call_seconds", "Time to answer a call", _CALL_SECONDS, "service"
        )
        self._cards = self._counter("cards", "Cards shown", "rule", "indicator")
        self._reads = self._counter("fhir_reads", "Reads from FHIR servers", "type", "outcome")
        self._read_seconds = self._histogram(
            "fhir_read_seconds", "Time of one FHIR read", _READ_SECONDS, "type"
        )
        self._refused = self._counter("tokens_refused", "Client tokens refused", "reason")
        self._turned_away = self._counter(
            "calls_turned_away", "Calls for which there was no room", "reason"
        )
        # from 0 on, so that the first one is seen as a rise
        for reason in self._token_reasons:
            self._refused.labels(reason)
        for reason in _TURNED_AWAY:
            self._turned_away.labels(reason)
        self._records = self._counter("journal_records", "Journal records", "fate")
        self._in_flight = self._gauge("calls_in_flight", "Calls being answered", "sum")
        self._waiting = self._gauge("calls_waiting", "Calls that wait to be computed", "sum")
        self._ready = self._gauge("ready", "1 if ready, 0.5 if degraded, 0 if not", "min")
        self._watched: list[Callable[[], None]] = []
        self._publishing = threading.Lock()
        self._version = ""
        self._versions: Callable[[], Iterable[str]] | None = None

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

    def turned_away(self, reason: str) -> None:
        """Count a call that was told to try again, by the full room it found (see `gate`)."""
        self._turned_away.labels(_one_of(reason, _TURNED_AWAY)).inc()

    def watch_journal(self, figures: Callable[[], "Figures"]) -> None:
        """Show what `figures` returns, from the next publishing on; it must not block."""
        pending = self._gauge("journal_queue", "Journal records that wait in memory", "sum")
        lag = self._gauge("journal_lag_seconds", "Seconds the oldest unwritten record waits", "max")
        reachable = self._gauge("journal_reachable", "1 if its database can be used", "min")
        told = dict.fromkeys(_FATES, 0)

        def publish() -> None:
            now = figures()
            for fate in _FATES:
                number = getattr(now, fate)
                self._records.labels(fate).inc(number - told[fate])
                told[fate] = number
            pending.set(now.pending)
            lag.set(now.lag_seconds)
            reachable.set(float(now.reachable))

        self._watched.append(publish)

    def watch_calls(self, in_flight: Callable[[], int], waiting: Callable[[], int]) -> None:
        """Show what they return as the calls being answered, and those of them that wait."""
        self._watched.append(lambda: self._in_flight.set(in_flight()))
        self._watched.append(lambda: self._waiting.set(waiting()))

    def watch_readiness(self, ready: Callable[[], float]) -> None:
        """Show what `ready` returns: 1 ready, 0.5 degraded, 0 not ready."""
        self._watched.append(lambda: self._ready.set(ready()))

    def watch_content(self, versions: Callable[[], Iterable[str]]) -> None:
        """Show what `versions` returns at each scrape, the content versions of all workers."""
        self._versions = versions

    def content(self, version: str, rules: Iterable[str] = ()) -> None:
        """Count cards by `rules`, those of the content `version`, from now on."""
        self._rules = frozenset(rules)
        self._version = version

    def publish(self) -> None:
        """Look at all that is watched, so that it is right in the scrapes of other workers too."""
        with self._publishing:
            for watched in self._watched:
                watched()

    def text(self) -> bytes:
        """Return all figures in the Prometheus text format, version 0.0.4."""
        self.publish()
        return generate_latest(self._shown)

    def _in_use(self) -> Iterable[str]:
        if self._versions is not None:
            return self._versions()
        return (self._version,) if self._version else ()

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"cds_{name}", f"{meaning}.", labels, registry=self.registry)

    def _gauge(self, name: str, meaning: str, over_workers: Literal["sum", "min", "max"]) -> Gauge:
        return Gauge(
            f"cds_{name}", f"{meaning}.", registry=self.registry, multiprocess_mode=over_workers
        )

    def _histogram(
        self, name: str, meaning: str, buckets: tuple[float, ...], label: str
    ) -> Histogram:
        return Histogram(
            f"cds_{name}", f"{meaning}.", (label,), registry=self.registry, buckets=buckets
        )


class _ContentCollector(Collector):
    """Says at each scrape which content is in use, so that an old version is gone at once."""

    def __init__(self, versions: Callable[[], Iterable[str]]) -> None:
        self._versions = versions

    def describe(self) -> Iterator[Metric]:
        """Yield nothing: so that registering does not ask yet."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """Yield one sample for each version in use."""
        family = GaugeMetricFamily(
            "cds_content_info", "Clinical content in use.", labels=["version"]
        )
        for version in sorted(set(self._versions())):
            family.add_metric([version], 1)
        yield family


def _one_of(value: str, known: frozenset[str]) -> str:
    return value if value in known else OTHER
