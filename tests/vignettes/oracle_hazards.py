"""What the hazards of the vignettes rule out and ask for, one line and one reason each.

Written by hand, as the tables in oracle_tables, which also say what the sources are. Kidney,
thyroid and radiation hang on more than one record and are reasoned in the oracle.
"""

from typing import NamedTuple

ALLERGY = "AllergyIntolerance"


class Hazard(NamedTuple):
    """What a record means: where it stands, what it rules out, and the card it calls for.

    `against` is what may not be proposed: MR, or gadolinium or iodine as contrast. `of` is what an
    order must have for the card to be given.
    """

    source: str
    of: str
    against: frozenset[str]
    kind: str
    urgency: str
    why: str


def _holds(source: str, why: str, urgency: str = "critical") -> Hazard:
    return Hazard(source, "MR", frozenset({"MR"}), "hold-mri", urgency, why)


def _mri(kind: str, source: str, why: str, urgency: str = "info") -> Hazard:
    return Hazard(source, "MR", frozenset(), kind, urgency, why)


def _out(of: str, kind: str, source: str, why: str, urgency: str = "warning") -> Hazard:
    return Hazard(source, of, frozenset({of}), kind, urgency, why)


def _mild(of: str) -> Hazard:
    why = "AAAAI: mild, so another agent and no premedication"
    return Hazard(ALLERGY, of, frozenset(), "contrast-reaction-mild", "info", why)


_SEVERE = "AAAAI: severe, so another study first"
_NOT_MILD = "AAAAI: not known to be mild"
_WHICH = "AAAAI: which agent?"

HAZARDS: dict[str, tuple[Hazard, ...]] = {
    "pacemaker": (_holds("Device", "MR: unknown status is unsafe until shown otherwise"),),
    "abandoned-lead": (_holds("Condition", "CMS NCA 289: no abandoned leads"),),
    "neurostimulator": (_holds("Device", "MR: unknown status is unsafe until shown otherwise"),),
    "cochlear-implant": (_holds("Condition", "magnet displacement, unless the model allows it"),),
    "aneurysm-clip": (_holds("Procedure", "MHRA: positive evidence of the type before any MRI"),),
    "drug-pump": (_holds("Device", "FDA 2017: only pumps labelled as MR Conditional"),),
    "tissue-expander": (_holds("Device", "Zegzula: ports dislodged by MRI", "warning"),),
    "eye-metal": (_holds("Condition", "orbit: in or next to the globe, it may move"),),
    "eye-metal-possible": (_mri("ask-mri", "Condition", "orbit: did it all come out?", "warning"),),
    "retained-bullet": (_mri("ask-mri", "Condition", "bullets: case by case", "warning"),),
    "pacemaker-removed": (_mri("ask-mri", "Procedure", "own, decision 5: leads may remain"),),
    "pacemaker-conditional": (_mri("within-labelling", "Device", "MR: under its conditions"),),
    "neurostimulator-conditional": (
        _mri("within-labelling", "Device", "MR: under its conditions"),
    ),
    "patch": (_mri("prepare-mri", "MedicationRequest", "FDA 2009: the backing may hold metal"),),
    "claustrophobia": (_mri("prepare-mri", "Condition", "mr-tip.com: measures that reduce it"),),
    "gadolinium-severe": (_out("gadolinium", "contrast-reaction", ALLERGY, _SEVERE),),
    "gadolinium-severity-unknown": (_out("gadolinium", "contrast-reaction", ALLERGY, _NOT_MILD),),
    "gadolinium-mild": (_mild("gadolinium"),),
    "iodinated-severe": (_out("iodine", "contrast-reaction", ALLERGY, _SEVERE),),
    "iodinated-severity-unknown": (_out("iodine", "contrast-reaction", "Condition", _NOT_MILD),),
    "iodinated-mild": (_mild("iodine"),),
    "contrast-unspecified": (
        _out("gadolinium", "contrast-question", ALLERGY, _WHICH, "info"),
        _out("iodine", "contrast-question", ALLERGY, _WHICH, "info"),
    ),
    "pregnancy": (
        _out("gadolinium", "gadolinium-pregnancy", "Condition", "SOGC: only if it outweighs"),
    ),
}
"""By level. Povidone is no contrast allergy; one contrast says nothing of another (AAAAI)."""

IMPLANT_OF_A_REMOVED_PACEMAKER = _holds("Condition", "its removal is not seen")

KIDNEY = {
    "egfr-22": ("Observation", "low"),
    "egfr-45": ("Observation", "enough"),
    "creatinine-only": ("Observation", "low"),
    "acute-kidney-injury": ("Condition", "injury"),
    "dialysis": ("Condition", "dialysis"),
}
"""NKF: below 30, acute injury and dialysis ask for care; 45 does not. 4.1 mg/dL at 58 is 15."""
