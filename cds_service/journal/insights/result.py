"""What a view of the journal comes to, in numbers; nothing in here names a patient or an order."""

from datetime import date, datetime
from typing import Literal

from msgspec import Struct

Outcome = Literal["accepted", "overridden", ""]
"""What a card came to; empty while nothing was reported."""


class Orders(Struct, frozen=True, kw_only=True):
    """Orders that are alike, and how many of them got a card."""

    client: str
    topic: str
    variant: str
    procedure: str
    rating: str
    number: int
    with_card: int
    incomplete: int
    """Those of calls in which a source of the chart could not be read to the end."""


class Cards(Struct, frozen=True, kw_only=True):
    """Cards that are alike: shown by one rule, for like orders, with the same outcome.

    `offers` says that there was something to accept.
    """

    client: str
    topic: str
    variant: str
    procedure: str
    card: str
    rule: str
    indicator: str
    offers: bool
    outcome: Outcome
    number: int


class Reason(Struct, frozen=True, kw_only=True):
    """How often a reason was given for overriding the cards of a rule; `code` is empty for none."""

    rule: str
    card: str
    code: str
    number: int


class Latency(Struct, frozen=True):
    """The answer times that 50, 95 and 99 of 100 calls did not exceed, in milliseconds."""

    p50: float
    p95: float
    p99: float


class Step(Struct, frozen=True, kw_only=True):
    """One day or week."""

    start: date
    consultations: int = 0
    orders: int = 0
    orders_with_card: int = 0
    cards: int = 0
    accepted: int = 0
    overridden: int = 0
    incomplete: int = 0
    """Calls in which a source of the chart could not be read to the end."""
    latency: Latency | None = None


class Missing(Struct, frozen=True):
    """A resource type that could not be read to the end, and in how many calls."""

    source: str
    consultations: int


class Version(Struct, frozen=True):
    """A version of the content, and when in the period it was in use."""

    version: str
    first: datetime
    last: datetime
    consultations: int


class Client(Struct, frozen=True):
    """A client that called in the period, whichever client the view is about."""

    client: str
    consultations: int


class Insights(Struct, frozen=True, kw_only=True):
    """A view of the journal.

    `reasons` are the most frequent ones; `reasons_left_out` is how often any other was given.
    `unmatched` is feedback of the period about no card that the journal knows. `empty` says that
    the journal holds nothing at all, whatever the period.
    """

    steps: tuple[Step, ...]
    latency: Latency | None
    orders: tuple[Orders, ...]
    cards: tuple[Cards, ...]
    reasons: tuple[Reason, ...]
    reasons_left_out: int
    missing: tuple[Missing, ...]
    versions: tuple[Version, ...]
    clients: tuple[Client, ...]
    unmatched: int
    empty: bool

    @property
    def consultations(self) -> int:
        """Return the number of calls."""
        return sum(step.consultations for step in self.steps)

    @property
    def number_of_orders(self) -> int:
        """Return the number of orders."""
        return sum(kind.number for kind in self.orders)
