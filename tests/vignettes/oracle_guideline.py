"""The guideline in the oracle: is it the question, which variant decides, what is rated best."""

from functools import cached_property

from tests.vignettes import oracle_tables as tables
from tests.vignettes.oracle_patient import Patient
from tests.vignettes.oracle_tables import (
    DISPUTED,
    FLAG_SOURCES,
    FRACTURE_RISK,
    MAYBE,
    NOT,
    RATINGS,
    RED_FLAGS,
    STUDIES,
    SUSPICION,
    USUALLY,
)
from tests.vignettes.vignette import BACK_PAIN


class Guideline:
    """What ACR Low Back Pain says of one order for one patient."""

    def __init__(self, patient: Patient, ordered: tuple[str, ...], reasons: list[str]) -> None:
        """Look at `patient`, the studies `ordered` and the codes of the stated `reasons`."""
        self.patient = patient
        self.ordered = ordered
        self.reasons = reasons

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
