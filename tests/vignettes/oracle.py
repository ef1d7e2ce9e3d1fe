"""The oracle: what a vignette must be answered with, by plain clinical rules.

A second implementation in a few tables and functions, written from the sources and the decisions,
not from the content or the engine, and never from what they answered.
"""

from dataclasses import dataclass, replace

from tests.vignettes import oracle_tables as tables
from tests.vignettes.factors import Row
from tests.vignettes.oracle_guideline import Guideline
from tests.vignettes.oracle_hazards import KIDNEY, Hazard
from tests.vignettes.oracle_patient import Patient
from tests.vignettes.oracle_tables import (
    DEFICIT,
    FLAG_SOURCES,
    NOT,
    STUDIES,
    USUALLY,
)
from tests.vignettes.vignette import stated_reasons

RANKS = ("critical", "warning", "info")
STAT, REMOVE = "priority stat", "remove the order"
MAX_CARDS = 2


@dataclass(frozen=True, slots=True)
class Card:
    """A card to be given: its kind, its urgency and what accepting it orders, if anything."""

    kind: str
    urgency: str
    accept: tuple[str, ...] = ()
    why: str = ""

    def same_as(self, other: "Card") -> bool:
        """Say whether accepting either would do the same to the order."""
        return bool(self.accept) and self.accept[:1] == other.accept[:1]


class Oracle:
    """What one vignette calls for."""

    def __init__(self, row: Row) -> None:
        """Look at the order of `row` and the chart it is written on."""
        self.patient = Patient(row)
        self.ordered = tables.ORDERED[row["order"].id]
        self.guideline = Guideline(self.patient, self.ordered, stated_reasons(row))

    def first_allowed(self, *names: str) -> tuple[str, ...]:
        """Return the first of `names` that is not ordered already and that nothing rules out."""
        fit = [n for n in names if n != self.guideline.one and not self.patient.rules_out(n)]
        return tuple(fit[:1])

    def cards(self) -> list[Card]:
        """Return every card that is called for, the most urgent first, one for each remedy."""
        found: list[Card] = []
        for name in self.ordered:
            found += [card for card in self._about_study(name) if card not in found]
        if len(self.ordered) > 1:
            found.append(Card("contradiction", "warning", why="codes and words differ: ask"))
        if self.guideline.question != "no":
            found += self._appropriateness()
        kept: list[Card] = []
        for card in sorted(found, key=lambda each: RANKS.index(each.urgency)):
            if not any(card == other or card.same_as(other) for other in kept):
                kept.append(card)
        return kept

    def held(self) -> bool:
        """Say whether the ordered study cannot go ahead as it is, or is of the wrong level."""
        mri = any(STUDIES[name].modality == "MR" for name in self.ordered)
        return (mri and "MR" in self.patient.ruled_out) or self._level() is not None

    def _about_study(self, name: str) -> list[Card]:
        study = STUDIES[name]
        found = [
            self._of_hazard(hazard, study)
            for hazard in self.patient.hazards
            if (hazard.of == "MR" and study.modality == "MR")
            or (hazard.of == "gadolinium" and study.modality == "MR" and study.contrast == "vein")
            or (
                hazard.of == "iodine"
                and study.modality in ("CT", "RF")
                and study.contrast in ("vein", "injected")
            )
        ]
        return [
            *found,
            *self._kidney_and_thyroid(study),
            *self._radiation(study),
            *self._repeat(study),
            *self._urgent(study),
            *([level] if study.region == "lumbar" and (level := self._level()) else []),
        ]

    def _of_hazard(self, hazard: Hazard, study: tables.Study) -> Card:
        accept: tuple[str, ...] = ()
        offers = hazard.kind in ("contrast-reaction", "gadolinium-pregnancy")
        held = hazard.of == "gadolinium" and "MR" in self.patient.ruled_out
        if hazard.kind == "hold-mri" or (held and offers):
            # CT shows canal and soft tissue, radiographs do not (decision 5)
            accept = self.guideline.best(NOT, "CT")
        elif offers:
            accept = self.guideline.best(NOT)
        level = self._level()
        if level and study.region == "lumbar" and (hazard.kind == "hold-mri" or offers):
            # the cards of one order agree on one study: the one that the level asks for
            accept = level.accept
        return Card(hazard.kind, hazard.urgency, accept, hazard.why)

    def _kidney_and_thyroid(self, study: tables.Study) -> list[Card]:
        p = self.patient
        adult = p.age == "adult"
        state = {
            level
            for atom, (source, level) in KIDNEY.items()
            if p.seen(atom, source) and (atom != "creatinine-only" or adult)
        }
        poor = state & {"low", "injury", "dialysis"}
        if study.contrast != "vein":
            return []
        if study.modality == "MR":
            return [Card("group-ii-agent", "info", why="NKF: not withheld")] if poor else []
        found = []
        if poor:
            found.append(Card("kidney-care", "info", why="NKF: fluids, never withheld"))
        elif p.seen("creatinine-only", "Observation"):
            found.append(Card("ask-kidney", "info", why="NKF: creatinine without an age"))
        if p.seen("metformin", "MedicationRequest"):
            if poor:
                found.append(Card("hold-metformin", "warning", why="ACR: category II"))
            elif not state & {"low", "enough"}:
                found.append(Card("ask-metformin", "info", why="ACR: the category needs an eGFR"))
        if p.seen("hyperthyroidism", "Condition"):
            found.append(Card("thyroid", "warning", why="ETA 2021: is it treated?"))
        return found

    def _radiation(self, study: tables.Study) -> list[Card]:
        """ACOG 723: never withheld, but MRI where it answers; ACR-SPR: a woman of 36 is asked."""
        if study.modality == "MR" or study.region in ("head", "chest"):
            return []
        p = self.patient
        if p.seen("pregnancy", "Condition"):
            return [
                Card("pregnancy-radiation", "warning", self.guideline.best(NOT, "MR"), "ACOG 723")
            ]
        possible = p.seen("pregnancy-possible", "Observation")
        woman = p.row["hazard"].patient.get("gender") == "female"
        if possible or (woman and p.priority != "stat"):
            return [Card("ask-pregnancy", "info", why="ACR-SPR: ask before radiation")]
        return []

    def _repeat(self, study: tables.Study) -> list[Card]:
        p = self.patient
        if (study.modality, study.region) != ("MR", "lumbar") or p.priority == "stat":
            return []
        again = p.seen("open-lumbar-mri", "ServiceRequest")
        done = p.seen("recent-lumbar-mri", "Procedure") and p.newest_flag() <= "2026-11-02"
        return (
            [Card("repeat", "info", (REMOVE,), "duplicate; no newer flag")] if again or done else []
        )

    def _urgent(self, study: tables.Study) -> list[Card]:
        """BMJ, UM: emergent imaging. On a whole-body study signs may be old news (decision 4)."""
        if self.patient.priority in ("stat", "asap") or study.region not in (
            "lumbar",
            "spine",
            "body",
        ):
            return []
        due = self.patient.emergency()
        if study.region == "body":
            due = due and self.guideline.question == "certain"
        else:
            due = due or self.patient.cauda_equina_possible()
        return [Card("stat", "critical", (STAT,), "imaging must not wait")] if due else []

    def _level(self) -> Card | None:
        """NICE, UM, Scotland: a lumbar study does not show what presses on the cord above it."""
        if not any(STUDIES[name].region == "lumbar" for name in self.ordered):
            return None
        p = self.patient
        plain = self.first_allowed(tables.SPINE, tables.SPINE_BOTH, tables.CT_SPINE)
        contrast = self.first_allowed(tables.SPINE_BOTH, tables.SPINE, tables.CT_SPINE_WITH)
        infected = p.has("infection", "sepsis")
        abscess = p.has("abscess") or (infected and p.has("motor", "cord"))
        if p.has("cauda") and (infected and not self._only_urinary()):
            abscess = True
        if p.has("cord") or (p.has("cancer") and p.has(*DEFICIT)):
            return Card("whole-spine", "critical", plain, "NICE: whole spine within 24 hours")
        if abscess:
            return Card("whole-spine", "warning", contrast, "UM: complete spine")
        if p.has("thoracic-pain") and (infected or p.has("cancer", "cauda", "motor")):
            return Card("whole-spine", "warning", contrast, "Scotland: pain above, and a red flag")
        if p.has("cord-signs"):
            return Card("whole-spine", "warning", plain, "cord signs: the cord ends above L2")
        return None

    def _only_urinary(self) -> bool:
        """Say whether the only infection is urinary, which explains retention (own)."""
        p = self.patient
        infections = [sign for sign in p.signs if sign.classes & {"infection", "sepsis"}]
        return all("urinary" in sign.classes for sign in infections)

    def _appropriateness(self) -> list[Card]:
        found = (
            self._by_rating()
            if self.guideline.question == "certain" and self.guideline.applicable
            else []
        )
        unsettled = self.guideline.question == "open" or not self.guideline.applicable
        missing = (
            self.guideline.question == "open"
            or self.patient.open
            or self.patient.unread & FLAG_SOURCES
        )
        grave = self.patient.has("abscess", "sepsis", "cord-signs", *DEFICIT)
        lumbar = STUDIES[self.guideline.one].region == "lumbar"
        if unsettled and missing and lumbar and not grave:
            found.append(Card("not-settled", "info", why="own, decision 1: missing is not no"))
        return found

    def _by_rating(self) -> list[Card]:
        variant, rated = (
            self.guideline.applicable[0],
            self.guideline.rating(self.guideline.one, self.guideline.applicable),
        )
        modality = STUDIES[self.guideline.one].modality
        if variant == 1:
            return [Card("not-needed", "info", (REMOVE,), "ACR variants 1 and 2")]
        if self.held():
            return []
        better: Card | None = None
        if variant == 7 and self.guideline.one in (tables.MRI, tables.MRI_OPEN):
            if not self.patient.emergency():
                accept = self.first_allowed(tables.MRI_BOTH)
                better = Card("add-contrast", "warning", accept, "contrast shows abscess, extent")
        elif variant == 7 and self.guideline.one == tables.MRI_WITH and rated == NOT:
            accept = self.first_allowed(tables.MRI_BOTH)
            better = Card("better-rated", "warning", accept, "no baseline images")
        elif variant in (4, 7) and modality in ("CT", "NM", "PT", "RF") and rated > USUALLY:
            better = Card(
                "mri-preferred", "warning", self.guideline.best(rated), "ACR variants 4 and 7"
            )
        elif variant == 7 and modality == "DX" and USUALLY < rated < NOT:
            better = Card(
                "mri-over-radiographs", "info", self.guideline.best(rated), "ACR variant 7"
            )
        elif variant != 7 and rated == NOT:
            better = Card(
                "better-rated",
                "warning",
                self.guideline.best(rated, most=2),
                f"ACR variant {variant}",
            )
        return [better] if better is not None and better.accept else []


def expected(row: Row) -> list[Card]:
    """Return the cards that the vignette of `row` calls for, reasons left out for comparing."""
    return [replace(card, why="") for card in Oracle(row).cards()]
