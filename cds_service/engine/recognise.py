"""Which imaging procedure an order asks for: by its codes, and by what its text names.

Codes decide before text. Text makes a vague code exact, and where it says something else neither
is trusted: both readings are kept, and the order is a question.
"""

from collections.abc import Iterable, Iterator

import msgspec

from cds_service.content.library import Content
from cds_service.content.model import Procedure
from cds_service.content.phrasebook import Words, english, phrase
from cds_service.fhir.codes import Code
from cds_service.fhir.orders import DraftOrder
from cds_service.text.order_text import NamedStudy

FROM_TEXT = "the order's text"
"""What told us, where no code did."""

_OTHER_REGION = "other-region"
_NO_REGION = "region-not-stated"
_NO_LEVEL = "spine-level-not-stated"
_WHOLE_SPINE = "whole-spine"
_WHOLE_BODY = "whole-body"
_UNSPECIFIED = "unspecified"
_LONGEST_NAME = 300
"""Characters of what a record calls a study that are read."""
_STATED_CONTRAST = ("none", "with", "without-and-with")


class Recognised(msgspec.Struct, frozen=True):
    """What was ordered: the procedure and what told us, or only that it is imaging, or nothing.

    Where codes, or code and text, contradict each other there is no `procedure`; `readings` are
    all they may stand for, and `said` is who says which, in words.
    """

    procedure: Procedure | None
    imaging: bool
    told_by: str = ""
    readings: tuple[Procedure, ...] = ()
    said: tuple[Words, ...] = ()

    @property
    def conflict(self) -> tuple[str, ...]:
        """Return the ids of the procedures between which the order leaves us, sorted."""
        return tuple(sorted(reading.id for reading in self.readings)) if self.said else ()

    @property
    def from_text(self) -> bool:
        """Whether only the order's text says what is ordered."""
        return self.told_by == FROM_TEXT


def recognise(order: DraftOrder, content: Content) -> Recognised:
    """Return what `order` asks for.

    Codes of one order may name a procedure more and less exactly; the exact one is taken. Codes
    that contradict each other, or a text that contradicts them, leave the order unrecognised,
    because advice on the wrong procedure is worse than none.
    """
    named = {
        name: code
        for code in reversed(order.codes)
        if (name := content.procedure_by_code.get(code))
    }
    if not named:
        return _by_text(order, content)
    exact = _most_exact([content.procedures[name] for name in reversed(named)])
    if len(exact) > 1:
        said = tuple(
            phrase("code-means", code=_written(named[each.id]), study=each.title) for each in exact
        )
        return Recognised(None, True, readings=tuple(exact), said=said)
    procedure = exact[0]
    code = english([_written(named[procedure.id])])
    for study in _studies(order, content):
        if not _agree(procedure, study):
            other = _procedure_of(_completed(study, procedure), content)
            if other is not None and other.id not in (procedure.id, *procedure.may_be):
                says = (
                    phrase("its-code", study=procedure.title),
                    phrase("its-text", study=other.title),
                )
                return Recognised(None, True, readings=(procedure, other), said=says)
    for study in _studies(order, content):
        meant = _procedure_of(_completed(study, procedure), content)
        if meant is not None and meant.id in procedure.may_be:
            return Recognised(meant, True, f"{code}, and {FROM_TEXT}", (meant,))
    return Recognised(procedure, True, code, (procedure,))


def named_procedure(
    codes: Iterable[Code], written: Iterable[str], content: Content
) -> Procedure | None:
    """Return the one procedure that codes name, or else texts, or None.

    For records of what was done: there a contradiction is no question to anyone, and the first
    code that is known decides.
    """
    for code in codes:
        if name := content.procedure_by_code.get(code):
            return content.procedures[name]
    for text in written:
        study = content.order_text.read(text[:_LONGEST_NAME])
        if study is not None and study.modality and study.body_region:
            return _procedure_of(study, content)
    return None


def _by_text(order: DraftOrder, content: Content) -> Recognised:
    for text in order.texts:
        name = content.procedure_by_name.get(" ".join(text.casefold().split()))
        if name:
            found = content.procedures[name]
            return Recognised(found, True, FROM_TEXT, (found,))
    study = next(_studies(order, content), None)
    if study is not None:
        meant = _procedure_of(_placed(study, order, content), content) if study.modality else None
        readings = (meant,) if meant else ()
        return Recognised(meant, True, FROM_TEXT if meant else "", readings)
    return Recognised(None, any(code in content.imaging_categories for code in order.categories))


def _studies(order: DraftOrder, content: Content) -> Iterator[NamedStudy]:
    """Yield the studies that the texts of the order name."""
    for text in order.texts:
        if (study := content.order_text.read(text)) is not None:
            yield study


def _placed(study: NamedStudy, order: DraftOrder, content: Content) -> NamedStudy:
    """Return `study` with the region that the order's body site names, if it names one."""
    for site in order.body_sites if not study.body_region else ():
        found = content.order_text.read(f"{study.modality} {site}")
        if found is not None and found.body_region:
            return NamedStudy(study.modality, found.body_region, study.contrast)
    return study


def _completed(study: NamedStudy, procedure: Procedure) -> NamedStudy:
    """Return `study` with what its text leaves open taken from `procedure`."""
    return NamedStudy(
        study.modality or procedure.modality,
        study.body_region or procedure.body_region,
        study.contrast or procedure.contrast,
    )


def _procedure_of(study: NamedStudy, content: Content) -> Procedure | None:
    """Return the listed procedure that fits `study` best, the less exact after the exact."""
    for region in (study.body_region, _OTHER_REGION, _NO_REGION):
        for contrast in (study.contrast or _UNSPECIFIED, *_TAKEN_FOR.get(study.contrast, ())):
            wanted = (study.modality, region or _NO_REGION, contrast)
            if name := content.procedure_by_axes.get(wanted):
                return content.procedures[name]
    return None


_TAKEN_FOR = {
    "": ("not-applicable",),
    "none": (_UNSPECIFIED, "not-applicable"),
    "with": (_UNSPECIFIED,),
    "without-and-with": (_UNSPECIFIED,),
    "with-possibly-without": ("with", _UNSPECIFIED),
}
"""What a contrast may be listed under: a less exact form, never one that says something else."""


def _agree(procedure: Procedure, study: NamedStudy) -> bool:
    """Say whether what a text names may be `procedure`."""
    return (
        _same_modality(procedure, study)
        and _regions_overlap(procedure.body_region, study.body_region)
        and not (
            procedure.contrast in _STATED_CONTRAST
            and study.contrast in _STATED_CONTRAST
            and procedure.contrast != study.contrast
            and procedure.modality in ("MR", "CT")
        )
    )


def _same_modality(procedure: Procedure, study: NamedStudy) -> bool:
    if not study.modality or study.modality == procedure.modality:
        return True
    # one study of two steps: an injection under fluoroscopy, then tomography; PET or SPECT with CT
    both = {procedure.modality, study.modality}
    return "RF" in both or both in ({"PT", "CT"}, {"NM", "CT"}, {"NM", "PT"})


def _regions_overlap(left: str, right: str) -> bool:
    if not left or not right or left == right:
        return True
    if {left, right} & {_OTHER_REGION, _NO_REGION, _WHOLE_BODY}:
        return True
    if {left, right} & {_NO_LEVEL, _WHOLE_SPINE} and "spine" in left and "spine" in right:
        return True
    return bool(set(_parts(left)) & set(_parts(right)))


def _parts(region: str) -> list[str]:
    """Return the regions a joined one is made of: ``thoracic-and-lumbar-spine`` holds two."""
    spine = region.endswith("-spine")
    return [
        part if part.endswith("spine") or not spine else f"{part}-spine"
        for part in region.split("-and-")
    ]


def _most_exact(procedures: list[Procedure]) -> list[Procedure]:
    """Leave out each procedure that another one of the list says more exactly."""
    return [
        procedure
        for procedure in procedures
        if not any(other.id in procedure.may_be for other in procedures)
    ]


def _written(code: Code) -> Words:
    if not code.system:
        return phrase("code-without-system", code=code.value)
    return f"{code.system} {code.value}"
