"""How much radiation studies mean: the level of the scale, its place on it, and the dose band."""

from collections.abc import Iterable

from cds_service.content.library import Content
from cds_service.content.model import Procedure, RadiationLevel
from cds_service.content.phrasebook import Phrase, phrase
from cds_service.engine.evidence import Evidence
from cds_service.fhir.dates import age_in_years


def radiation(procedures: Iterable[Procedure], evidence: Evidence, content: Content) -> str:
    """Return level and effective dose (mSv) of each procedure, or "" unless all are known.

    The level is the sign of the scale and its place on it, because the sign alone is not read
    aloud and says nothing to those who do not know it. The band is that for adults or for
    children, by the age of the patient in `evidence`; both where the age is not known.
    """
    bands = _bands(evidence, content)
    words = [_said(procedure, bands, content) for procedure in procedures]
    return "; ".join(words) if all(words) else ""


def _bands(evidence: Evidence, content: Content) -> str:
    """Return the phrase for the dose bands that hold for the patient."""
    limit, _ = content.quantity(content.child_below)
    known = age_in_years(evidence.born, evidence.as_of) if evidence.born else None
    lowest, highest = known or (0, limit)
    if highest < limit:
        return "dose-child"
    return "dose-either" if lowest < limit else "dose-adult"


def _said(procedure: Procedure, bands: str, content: Content) -> str:
    """Return level and dose of one procedure in words, "" if its level is not known."""
    key = ("radiation", procedure.id, bands)
    known: str | None = content.memory.get(key)
    if known is not None:
        return known
    level = content.radiation_levels.get(procedure.radiation_level)
    said = "" if level is None else _worded(procedure, level, bands, content)
    return content.memory.keep(key, said)


def _worded(procedure: Procedure, level: RadiationLevel, bands: str, content: Content) -> str:
    levels = list(content.radiation_levels)
    place = levels.index(level.level)
    dose = _dose(level, bands)
    if not place:
        said = phrase("radiation-none", study=procedure.title, sign=level.level, dose=dose)
    else:
        said = phrase(
            "radiation",
            study=procedure.title,
            sign=level.level,
            level=str(place),
            highest=str(len(levels) - 1),
            dose=dose,
        )
    return content.phrasebook.say(said)


def _dose(level: RadiationLevel, bands: str) -> Phrase:
    """Return the dose bands of `level` as the phrase `bands` tells them."""
    if bands == "dose-either":
        return phrase("dose-either", adult=level.adult, child=level.child)
    return phrase(bands, band=level.child if bands == "dose-child" else level.adult)
