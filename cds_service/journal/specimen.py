"""Synthetic consultations and feedback, to try the insights on: the same seed, the same journal.

Nobody is behind them. How often what happens is made up to look like an order desk: most orders
get no card, a few cards are loud, and not every client reports back.
"""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID

from cds_service.journal.events import (
    Consultation,
    ConsultedOrder,
    Feedback,
    Outcome,
    ShownCard,
    identity,
)

_CLIENTS = (("synthetic-hospital", 8), ("synthetic-clinic", 3))
_HOOKS = (("order-select", 7), ("order-sign", 5))
_SOURCES = (("Device", 5), ("Observation", 4), ("AllergyIntolerance", 2), ("Condition", 1))
_TOPIC = "low-back-pain"
_REASONS_SYSTEM = "synthetic-reasons"


class Card(NamedTuple):
    """A card, how many of 100 are accepted and overridden, and the reasons with their weights."""

    card: str
    rule: str
    indicator: str
    accepted: int
    overridden: int
    reasons: tuple[tuple[str, int], ...]
    suggestions: int = 1


class Scene(NamedTuple):
    """A kind of order: how often, for what, and the card that it gets."""

    weight: int
    procedure: str
    variant: str = ""
    rating: str = ""
    card: Card | None = None


_APT, _MAY, _NOT = "usually-appropriate", "may-be-appropriate", "usually-not-appropriate"
_MRI, _MRI_CONTRAST = (
    "mri-lumbar-spine-without-contrast",
    "mri-lumbar-spine-without-and-with-contrast",
)
_CONTRAST = Card(
    *("add-contrast", "add-contrast", "warning", 58, 24),
    (("contrast-at-radiology", 6), ("recent-contrast-study", 3), ("contrast-declined", 1)),
)
_NOT_NEEDED = Card(
    *("imaging-not-needed", "imaging-not-needed", "info", 9, 66),
    (("symptoms-over-six-weeks", 7), ("focal-deficit", 3), ("recent-trauma-known", 2), ("", 3)),
)
_PREFERRED = Card(
    *("mri-preferred", "mri-preferred", "warning", 62, 22),
    (("skeleton-survey", 6), ("mri-not-available", 2)),
)
_RADIOGRAPHS = Card(
    *("mri-over-radiography", "mri-over-radiography", "info", 27, 40),
    (("mri-not-available", 4), ("radiology-advised", 3)),
)
_DEVICE = Card(
    *("hold-mri-device", "mri-cardiac-device.status-unknown-or-unsafe", "critical", 44, 38),
    (("device-cleared", 6), ("device-removed", 2), ("no-device", 1)),
)
_STAT = Card(
    *("make-it-stat", "spine-emergency.not-urgent-yet", "critical", 76, 15),
    (("already-arranged", 3), ("long-standing-deficit", 2)),
)
_KIDNEY = Card(
    *("kidney-function-question", "iodinated-kidney-function.to-be-measured", "info", 0, 45),
    (("kidney-function-known", 8), ("benefit-outweighs", 1)),
    suggestions=0,
)
_RECENT = Card(
    *("study-recently-done", "repeat-study.recently-done", "info", 18, 34),
    (("status-changed", 5), ("follow-up-planned", 3), ("question-still-open", 2)),
)
SCENES = (
    Scene(150, _MRI_CONTRAST, "low-back-pain-7", _APT),
    Scene(120, _MRI, "low-back-pain-2", _APT),
    Scene(90, "ct-lumbar-spine-without-contrast", "low-back-pain-6", _APT),
    Scene(70, "radiography-lumbar-spine", "low-back-pain-6", _APT),
    Scene(60, "mri-bone-marrow-without-contrast"),
    Scene(25, ""),
    Scene(60, _MRI, "low-back-pain-7", _APT, _CONTRAST),
    Scene(80, _MRI, "low-back-pain-1", _NOT, _NOT_NEEDED),
    Scene(22, "bone-scan-whole-body", "low-back-pain-7", _NOT, _PREFERRED),
    Scene(18, "radiography-lumbar-spine", "low-back-pain-7", _MAY, _RADIOGRAPHS),
    Scene(16, _MRI_CONTRAST, "low-back-pain-7", _APT, _DEVICE),
    Scene(9, _MRI_CONTRAST, "low-back-pain-4", _APT, _STAT),
    Scene(26, "ct-lumbar-spine-with-contrast", "low-back-pain-7", _MAY, _KIDNEY),
    Scene(20, _MRI, "low-back-pain-2", _APT, _RECENT),
)
"""What happens, with ids of the shipped content."""

_SECOND_ORDER, _SLOW, _INCOMPLETE = 0.08, 0.04, 0.07
"""Chances of a second order in a call, of a slow answer, and of an incomplete chart."""
_USUAL_MS, _SLOW_MS = 2.2, 5.6
"""Logarithms of the answer times in the middle."""
_AT_WEEKEND, _AT_NIGHT = 0.35, 0.2
"""How likely a call is, compared with a weekday between 7 and 19 hours."""
_SATURDAY, _MORNING, _EVENING = 5, 7, 19


class Specimen:
    """A made-up journal of `calls` consultations in the `days` up to and including `last`."""

    def __init__(self, calls: int, last: date, days: int = 90, seed: int = 1) -> None:
        """Keep what is wanted."""
        self._calls, self._days, self._seed = calls, days, seed
        self._end = datetime.combine(last + timedelta(days=1), time(), UTC)

    def events(self) -> Iterator[tuple[Consultation, tuple[Feedback, ...]]]:
        """Yield consultations by time with the feedback on them, the same ones each time."""
        chance = random.Random(self._seed)  # noqa: S311 - to be the same each time, not secret
        for at in sorted(self._time(chance) for _ in range(self._calls)):
            consultation, given = self._consultation(chance, at)
            yield consultation, tuple(self._feedback(chance, consultation, given))

    def _consultation(self, chance: random.Random, at: datetime) -> tuple[Consultation, list[Card]]:
        scenes = chance.choices(SCENES, [each.weight for each in SCENES], k=1)
        if chance.random() < _SECOND_ORDER:
            scenes += chance.choices(SCENES, [each.weight for each in SCENES], k=1)
        keys = [f"{chance.getrandbits(256):064x}" for _ in scenes]
        middle = _SLOW_MS if chance.random() < _SLOW else _USUAL_MS
        missing = {_pick(chance, _SOURCES)} if chance.random() < _INCOMPLETE else set()
        return Consultation(
            id=_uuid(chance),
            at=at,
            client=_pick(chance, _CLIENTS),
            hook=(hook := _pick(chance, _HOOKS)),
            service=f"imaging-{hook}",
            hook_instance=str(_uuid(chance)),
            patient_key=f"{chance.getrandbits(256):064x}",
            content_version="specimen-1" if at < self._end - timedelta(days=30) else "specimen-2",
            orders=tuple(
                ConsultedOrder(
                    order_key=key,
                    procedure=scene.procedure,
                    variant=scene.variant,
                    rating=scene.rating,
                    topic=_TOPIC if scene.variant else "",
                )
                for key, scene in zip(keys, scenes, strict=True)
            ),
            cards=tuple(
                ShownCard(
                    uuid=str(_uuid(chance)),
                    card=scene.card.card,
                    rule=scene.card.rule,
                    indicator=scene.card.indicator,
                    order_key=key,
                    suggestions=tuple(str(_uuid(chance)) for _ in range(scene.card.suggestions)),
                )
                for key, scene in zip(keys, scenes, strict=True)
                if scene.card
            ),
            missing=tuple(missing),
            latency_ms=round(chance.lognormvariate(middle, 0.5), 1),
        ), [scene.card for scene in scenes if scene.card]

    def _time(self, chance: random.Random) -> datetime:
        """Return an instant: by day more often than by night, on weekdays more than on others."""
        while True:
            at = self._end - timedelta(seconds=chance.randrange(self._days * 86_400) + 1)
            by_day = 1.0 if at.weekday() < _SATURDAY else _AT_WEEKEND
            likely = by_day * (1.0 if _MORNING <= at.hour < _EVENING else _AT_NIGHT)
            if chance.random() < likely:
                return at

    def _feedback(
        self, chance: random.Random, shown: Consultation, made_of: list[Card]
    ) -> Iterator[Feedback]:
        for card, made in zip(shown.cards, made_of, strict=True):
            drawn = chance.randrange(100)
            if drawn >= made.accepted + made.overridden:
                continue
            accepted = drawn < made.accepted
            outcome: Outcome = "accepted" if accepted else "overridden"
            code = "" if accepted else _pick(chance, made.reasons)
            reason = (_REASONS_SYSTEM if code else "", code)
            at = shown.at + timedelta(seconds=chance.randrange(5, 120))
            chosen = card.suggestions[:1] if accepted else ()
            yield Feedback(
                id=identity(shown.client, card.uuid, outcome, at, chosen, reason),
                card=card.uuid,
                client=shown.client,
                outcome=outcome,
                outcome_at=at,
                received_at=at + timedelta(seconds=1),
                suggestions=chosen,
                reason_system=reason[0],
                reason_code=code,
            )


def _pick(chance: random.Random, choices: tuple[tuple[str, int], ...]) -> str:
    return chance.choices([name for name, _ in choices], [weight for _, weight in choices])[0]


def _uuid(chance: random.Random) -> UUID:
    return UUID(int=chance.getrandbits(128), version=4)
