"""The patient of a vignette as a careful reader of the chart sees them."""

from tests.vignettes.factors import Row
from tests.vignettes.oracle_hazards import HAZARDS, IMPLANT_OF_A_REMOVED_PACEMAKER, Hazard
from tests.vignettes.oracle_tables import DEFICIT, RED_FLAGS, SIGNS, STUDIES, Sign


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
        hazards = [
            hazard
            for atom in row["hazard"].atoms
            for hazard in self._hazards(atom)
            if hazard.source not in self.hidden
        ]
        self.ruled_out = {name for hazard in hazards for name in hazard.against}
        self.hazards: list[Hazard] = [  # a mild reaction is no news beside one that rules it out
            hazard
            for hazard in hazards
            if hazard.kind != "contrast-reaction-mild" or hazard.of not in self.ruled_out
        ]

    def _hazards(self, atom: str) -> tuple[Hazard, ...]:
        """Return what `atom` means; a pacemaker whose removal is not seen is a pacemaker."""
        if atom == "pacemaker-removed" and "Procedure" in self.hidden:
            return (IMPLANT_OF_A_REMOVED_PACEMAKER,)
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
        return max(
            (s.since for s in self.signs if not s.open and s.classes & RED_FLAGS), default=""
        )

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
