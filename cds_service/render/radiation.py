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
    levels = list(content.radiation_levels)
    words = []
    for procedure in procedures:
        level = content.radiation_levels.get(procedure.radiation_level)
        if level is None:
            return ""
        place = levels.index(level.level)
        dose = _dose(level, evidence, content)
        said = (
            phrase(
                "radiation",
                study=procedure.title,
                sign=level.level,
                level=str(place),
                highest=str(len(levels) - 1),
                dose=dose,
            )
            if place
            else phrase("radiation-none", study=procedure.title, sign=level.level, dose=dose)
        )
        words.append(content.phrasebook.say(said))
    return "; ".join(words)


def _dose(level: RadiationLevel, evidence: Evidence, content: Content) -> Phrase:
    """Return the dose band of `level` for the patient."""
    limit, _ = content.quantity(content.child_below)
    ages = age_in_years(evidence.born, evidence.as_of) if evidence.born else (0, limit)
    children = {age < limit for age in ages}
    if children == {True}:
        return phrase("dose-child", band=level.child)
    if children == {False}:
        return phrase("dose-adult", band=level.adult)
    return phrase("dose-either", adult=level.adult, child=level.child)
