"""What stands around the advice: who may call, what is remembered, what is counted, how it ends."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cds_service.clients.keys import KeySets
from cds_service.clients.model import LOCAL_CLIENTS, ClientRegistry, Clients
from cds_service.clients.refusal import Refusal
from cds_service.clients.replays import MemoryReplays, Replays, ReplaysUnavailable
from cds_service.journal.errors import JournalUnavailable
from cds_service.settings import Settings
from cds_service.web.auth import Authenticator, authenticator
from cds_service.web.drain import Drain
from cds_service.web.gate import Gate
from cds_service.web.health import Health, journal_check
from cds_service.web.metrics import Metrics

if TYPE_CHECKING:
    from cds_service.advisor import Advisor
    from cds_service.journal.journal import Journal


class StoredTokens(Protocol):
    """A store of used tokens that several processes share: the journal's, or Redis."""

    def first_use(self, issuer: str, jti: str, expires: float, call: str = "") -> bool:
        """Say whether the token is new, and remember it; raise `JournalUnavailable`."""
        ...


@dataclass(frozen=True, slots=True)
class Operations:
    """The parts of a running service besides the advisor; `journal` is None where there is none."""

    registry: ClientRegistry
    authenticate: Authenticator
    metrics: Metrics
    health: Health
    drain: Drain
    gate: Gate
    journal: "Journal | None" = None


class SharedReplays:
    """Used tokens in a store that several processes share, and in the memory of this one.

    While the store is away, the memory decides, so that an outage of the database costs no advice:
    for that time a token could be used again at another process. With `strict` such calls are
    refused instead.
    """

    def __init__(self, store: StoredTokens, *, strict: bool = False) -> None:
        """Keep `store`, which may be the journal."""
        self._store = store
        self._strict = strict
        self._memory = MemoryReplays()

    def first_use(self, issuer: str, jti: str, expires: datetime, call: str = "") -> bool:
        """Return whether the token is new, and remember it until after it expires.

        Raises:
            ReplaysUnavailable: the store cannot tell now, and the memory is not enough.
        """
        new_here = self._memory.first_use(issuer, jti, expires, call)
        try:
            return self._store.first_use(issuer, jti, expires.timestamp(), call) and new_here
        except JournalUnavailable:
            if self._strict:
                raise ReplaysUnavailable from None
            return new_here


def operations(
    settings: Settings,
    advisor: "Advisor",
    *,
    clients: Clients = LOCAL_CLIENTS,
    journal: "Journal | None" = None,
    tokens: StoredTokens | None = None,
    figures: Path | None = None,
) -> Operations:
    """Return the parts for `settings`, by default those of a trial on one machine.

    Used tokens are remembered in `tokens`, else in `journal`, else in this process. `figures` is
    the directory in which several workers keep the metrics together.

    Raises:
        SettingsError: clients have to authenticate, but the public address is not known.
    """
    metrics = Metrics((), [reason.value for reason in Refusal], figures)
    registry = ClientRegistry(clients)
    shared = tokens or journal
    replays: Replays = (
        SharedReplays(shared, strict=settings.replays_strict) if shared else MemoryReplays()
    )
    drain = Drain(notice=settings.drain_notice, grace=settings.drain_grace)
    gate = Gate(settings, metrics.turned_away)
    health = Health(advisor.content_version, drain)
    if journal is not None:
        health.add(
            "journal",
            journal_check(
                lambda: journal.ready()[0],
                lambda: journal.figures().spool_bytes < settings.journal_spool_bytes,
            ),
        )
        metrics.watch_journal(journal.figures)
    # health, figures and discovery are no calls: whoever asks for the figures would count itself
    metrics.watch_calls(lambda: gate.in_hand, lambda: gate.waiting)
    metrics.watch_readiness(health.figure)
    return Operations(
        registry=registry,
        authenticate=authenticator(
            registry,
            KeySets(),
            replays,
            settings,
            open_discovery=settings.open_discovery,
            count_refusal=metrics.token_refused,
        ),
        metrics=metrics,
        health=health,
        drain=drain,
        gate=gate,
        journal=journal,
    )
