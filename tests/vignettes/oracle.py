"""The oracle: what a vignette must be answered with, by plain clinical rules.

A second implementation in a few tables and functions, written from the sources and the decisions and
not from the content or the engine, and never from what they answered.
"""

from dataclasses import dataclass, replace
from functools import cached_property

from tests.vignettes import oracle_tables as tables
from tests.vignettes.factors import Row
from tests.vignettes.oracle_tables import (
    DEFICIT,
    DISPUTED,
    FLAG_SOURCES,
    FRACTURE_RISK,
    HAZARDS,
    KIDNEY,
    MAYBE,
    NOT,
    RATINGS,
    RED_FLAGS,
    SIGNS,
    STUDIES,
    SUSPICION,
    USUALLY,
    Hazard,
    Sign,
)
from tests.vignettes.vignette import BACK_PAIN, stated_reasons

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


class Patient:
    """What the chart of a vignette shows to a careful reader."""

    def __init__(self, row: Row) -> None:
        """Read the levels of `row`; what stands in a source that was not read is not seen."""
        self.row = row
        self.unread = set(row["completeness"].missing)
        self.hidden = {k for k, v in row["completeness"].missing.items() if v != "partial"}
        atoms = [atom for name in ("setting", "flag") for atom in row[name].atoms]
        self.signs: list[Sign] = [
            sign for atom in atoms for sign in SIGNS.get(atom, ()) if sign.source not in self.hidden
        ]
        self.settled = {name for s in self.signs if not s.open for name in s.classes}
        self.open = any(sign.open for sign in self.signs)
        self.hazards: list[Hazard] = [
            hazard
            for atom in row["hazard"].atoms
            for hazard in self._hazards(atom)
            if hazard.source not in self.hidden
        ]
        self.ruled_out = {name for hazard in self.hazards for name in hazard.against}

    def _hazards(self, atom: str) -> tuple[Hazard, ...]:
        """Return what `atom` means; a pacemaker whose removal is not seen is a pacemaker."""
        if atom == "pacemaker-removed":
            if "Procedure" in self.hidden:
                return (replace_source(HAZARDS["pacemaker"][0], "Condition"),)
            return (replace_source(HAZARDS[atom][0], "Procedure"),)
        return HAZARDS.get(atom, ())

    def has(self, *names: str) -> bool:
        """Say whether one of the classes `names` is on record for certain."""
        return bool(self.settled & set(names))

    def seen(self, atom: str, source: str) -> bool:
        """Say whether the hazard level `atom` is there and its `source` was read."""
        return atom in self.row["hazard"].atoms and source not in self.hidden

    @property
    def age(self) -> str:
        """Return adult, child or unknown."""
        return {"child": "child", "age-unknown": "unknown"}.get(self.row["setting"].id, "adult")

    @property
    def priority(self) -> str:
        """Return the priority of the order."""
        return self.row["priority"].id

    def newest_flag(self) -> str:
        """Return the day of the newest red flag on record, or the empty string."""
        return max((s.since for s in self.signs if not s.open and s.classes & RED_FLAGS), default="")

    def emergency(self) -> bool:
        """Say whether signs of a spine emergency or of sepsis are on record (BMJ, UM)."""
        septic = self.has("infection") and self.has("two-sirs-signs")
        return septic or self.has("abscess", "sepsis", *DEFICIT)

    def cauda_equina_possible(self) -> bool:
        """Say whether both legs hurt and a bladder sign has no date (CSP)."""
        undated = any("retention-undated" in sign.classes for sign in self.signs)
        return undated and self.has("both-legs")

    def rules_out(self, name: str) -> bool:
        """Say whether what is on record keeps the study `name` from being proposed."""
        study = STUDIES[name]
        if study.modality == "MR":
            with_gadolinium = study.contrast == "vein" and "gadolinium" in self.ruled_out
            return "MR" in self.ruled_out or with_gadolinium
        return study.modality in ("CT", "RF") and (
            study.contrast in ("vein", "injected") and "iodine" in self.ruled_out
        )


def replace_source(hazard: Hazard, source: str) -> Hazard:
    """Return `hazard` as told by another source."""
    return hazard._replace(source=source)


class Oracle:
    """What one vignette calls for."""

    def __init__(self, row: Row) -> None:
        """Look at the order of `row` and the chart it is written on."""
        self.patient = Patient(row)
        self.ordered = tables.ORDERED[row["order"].id]
        self.reasons = stated_reasons(row)

    @property
    def one(self) -> str:
        """Return the study ordered, or the empty string where there is none or two."""
        return self.ordered[0] if len(self.ordered) == 1 else ""

    @cached_property
    def question(self) -> str:
        """Return whether the order is for low back pain in an adult: certain, open or no (ACR)."""
        if self.one not in (*tables.RATED, *tables.MAY_MEAN) or self.patient.age == "child":
            return "no"
        lumbar = STUDIES[self.one].region == "lumbar"
        stated = {BACK_PAIN: "back", "icd-10-cm M54.9": "dorsalgia", "icd-10-cm M25.561": "knee"}
        named = [stated.get(reason, "cancer") for reason in self.reasons]
        fitting = {"back", "dorsalgia"} | ({"cancer"} if lumbar else set())
        if named and not fitting & set(named):
            return "no"
        if "back" in named or self.patient.has("back-pain") or (lumbar and "dorsalgia" in named):
            return "certain" if self.patient.age == "adult" else "open"
        in_doubt = "dorsalgia" in named or "Condition" in self.patient.unread
        return "open" if lumbar and in_doubt else "no"

    @cached_property
    def applicable(self) -> list[int]:
        """Return the ACR variants that apply, the one that decides first."""
        p = self.patient
        found = [
            number
            for number, holds in (
                (4, p.has("cauda")),
                (7, p.has(*SUSPICION)),
                (6, p.has(*FRACTURE_RISK)),
                (5, p.has("surgery")),
                (3, p.has("failed") and p.has("chronic")),
            )
            if holds
        ]
        return found or ([1] if self.no_red_flag else [])

    @cached_property
    def no_red_flag(self) -> bool:
        """Say whether it is known that there is no red flag: every source read, nothing open."""
        p = self.patient
        nothing = not p.has(*RED_FLAGS, "surgery", "failed") and not p.open
        return nothing and not p.unread & FLAG_SOURCES and p.age != "unknown"

    def rating(self, name: str, variants: list[int]) -> int:
        """Return the best rating of `name` in `variants`, of any study it may mean."""
        meant = tables.MAY_MEAN.get(name, (name,))
        return min(self._rating(each, RATINGS[number]) for each in meant for number in variants)

    def _rating(self, name: str, table: tables.Table) -> int:
        places = ((table.usually, USUALLY), (table.maybe, MAYBE), (table.disputed, DISPUTED))
        return next((rating for names, rating in places if name in names), NOT)

    def best(self, better_than: int, modality: str = "", most: int = 1) -> tuple[str, ...]:
        """Return the best rated studies that may be proposed, all rated alike, at most `most`.

        Ratings are for adults with back pain: where that is not certain none is told (decision 4).
        """
        if self.question != "certain" or not self.applicable:
            return ()
        table = RATINGS[self.applicable[0]]
        own = (self.one, *tables.MAY_MEAN.get(self.one, ()))
        for rating, names in enumerate((table.usually, table.maybe, table.disputed)):
            found = [
                name
                for name in names
                if name not in own
                and not self.patient.rules_out(name)
                and modality in ("", STUDIES[name].modality)
            ]
            if found and rating < better_than:
                return tuple(found[:most])
        return ()

    def first_allowed(self, *names: str) -> tuple[str, ...]:
        """Return the first of `names` that is not ordered already and that nothing rules out."""
        fit = [n for n in names if n != self.one and not self.patient.rules_out(n)]
        return tuple(fit[:1])

    def cards(self) -> list[Card]:
        """Return every card that is called for, the most urgent first, one for each remedy."""
        found: list[Card] = []
        for name in self.ordered:
            found += [card for card in self._about_study(name) if card not in found]
        if len(self.ordered) > 1:
            found.append(Card("contradiction", "warning", why="codes and words differ: ask"))
        if self.question != "no":
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
            self._of_hazard(hazard)
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

    def _of_hazard(self, hazard: Hazard) -> Card:
        accept: tuple[str, ...] = ()
        held = hazard.of == "gadolinium" and "MR" in self.patient.ruled_out
        if hazard.kind == "hold-mri" or (held and "gadolinium" in hazard.against and hazard.urgency != "info"):
            accept = self.best(NOT, "CT")  # CT shows canal and soft tissue, films do not (decision 5)
        elif hazard.kind in ("contrast-reaction", "gadolinium-pregnancy"):
            accept = self.best(NOT)
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
            if state & {"low", "injury"}:
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
            return [Card("pregnancy-radiation", "warning", self.best(NOT, "MR"), "ACOG 723")]
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
        return [Card("repeat", "info", (REMOVE,), "duplicate; no newer flag")] if again or done else []

    def _urgent(self, study: tables.Study) -> list[Card]:
        """BMJ, UM: emergent imaging. On a whole-body study signs may be old news (decision 4)."""
        if self.patient.priority in ("stat", "asap") or study.region not in ("lumbar", "spine", "body"):
            return []
        due = self.patient.emergency()
        if study.region == "body":
            due = due and self.question == "certain"
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
        """Say whether a urinary infection, which explains retention, is the only infection (own)."""
        p = self.patient
        infections = [sign for sign in p.signs if sign.classes & {"infection", "sepsis"}]
        return all("urinary" in sign.classes for sign in infections)

    def _appropriateness(self) -> list[Card]:
        found = self._by_rating() if self.question == "certain" and self.applicable else []
        unsettled = self.question == "open" or not self.applicable
        missing = self.question == "open" or self.patient.open or self.patient.unread & FLAG_SOURCES
        grave = self.patient.has("abscess", "sepsis", "cord-signs", *DEFICIT)
        lumbar = STUDIES[self.one].region == "lumbar"
        if unsettled and missing and lumbar and not grave:
            found.append(Card("not-settled", "info", why="own, decision 1: missing is not no"))
        return found

    def _by_rating(self) -> list[Card]:
        variant, rated = self.applicable[0], self.rating(self.one, self.applicable)
        modality = STUDIES[self.one].modality
        if variant == 1:
            return [Card("not-needed", "info", (REMOVE,), "ACR variants 1 and 2")]
        if self.held():
            return []
        better: Card | None = None
        if variant == 7 and self.one in (tables.MRI, tables.MRI_OPEN):
            if not self.patient.emergency():
                accept = self.first_allowed(tables.MRI_BOTH)
                better = Card("add-contrast", "warning", accept, "contrast shows abscess, extent")
        elif variant == 7 and self.one == tables.MRI_WITH and rated == NOT:
            accept = self.first_allowed(tables.MRI_BOTH)
            better = Card("better-rated", "warning", accept, "no baseline images")
        elif variant in (4, 7) and modality in ("CT", "NM", "PT", "RF") and rated > USUALLY:
            better = Card("mri-preferred", "warning", self.best(rated), "ACR variants 4 and 7")
        elif variant == 7 and modality == "DX" and USUALLY < rated < NOT:
            better = Card("mri-over-radiographs", "info", self.best(rated), "ACR variant 7")
        elif variant != 7 and rated == NOT:
            better = Card("better-rated", "warning", self.best(rated, most=2), f"ACR variant {variant}")
        return [better] if better is not None and better.accept else []


def expected(row: Row) -> list[Card]:
    """Return the cards that the vignette of `row` calls for, reasons left out for comparing."""
    return [replace(card, why="") for card in Oracle(row).cards()]
