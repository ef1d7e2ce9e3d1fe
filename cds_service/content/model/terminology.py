"""Value sets, imaging procedures and the maps from codes to them."""

from typing import Literal

from cds_service.content.model.base import Head, Part


class Concept(Part, kw_only=True, frozen=True):
    """One code of a value set and what it means for it."""

    code: str
    label: str
    descendants: bool = False
    role: Literal["include", "weak", "exclude"] = "include"


class ConceptGroup(Part, kw_only=True, frozen=True):
    """Codes of one code system seen in one source."""

    system: str
    source: str
    codes: tuple[Concept, ...]


class VsacReference(Part, kw_only=True, frozen=True):
    """A VSAC value set an author may compare with; cited, never copied."""

    oid: str
    title: str


class ValueSet(Head, kw_only=True, frozen=True):
    """What counts as what.

    `phrases` are found in clinical text; `suggestive_phrases` only raise the question there, and
    `excluded_phrases` are longer ones that look right and mean something else. `denying_phrases`
    say that it is not so; `narrower_phrases` name a part of it, whose denial does not deny the
    whole; `broader_phrases` name something wider, of which only the denial counts. What is past in
    a `lasting` set (an implant, an operation) still holds.
    """

    meaning: Literal["positive", "negative"] = "positive"
    concepts: tuple[ConceptGroup, ...] = ()
    phrases: tuple[str, ...] = ()
    suggestive_phrases: tuple[str, ...] = ()
    excluded_phrases: tuple[str, ...] = ()
    denying_phrases: tuple[str, ...] = ()
    narrower_phrases: tuple[str, ...] = ()
    broader_phrases: tuple[str, ...] = ()
    lasting: bool = False
    vsac: tuple[VsacReference, ...] = ()


class ProcedureCode(Part, kw_only=True, frozen=True):
    """One code under which a procedure is ordered."""

    system: str
    code: str
    source: str
    note: str = ""


class Procedure(Part, kw_only=True, frozen=True):
    """One imaging procedure, e.g. MRI lumbar spine without IV contrast."""

    id: str
    title: str
    modality: str
    body_region: str
    contrast: str
    radiation_level: str = "unknown"
    suggestable: bool = False
    may_be: tuple[str, ...] = ()
    codes: tuple[ProcedureCode, ...] = ()
    names: tuple[str, ...] = ()


class Procedures(Head, kw_only=True, frozen=True):
    """A file of procedures."""

    procedures: tuple[Procedure, ...]


class RadiationLevel(Part, kw_only=True, frozen=True):
    """One ACR relative radiation level and its effective dose bands."""

    level: str
    adult: str
    child: str


class RadiationLevels(Head, kw_only=True, frozen=True):
    """The ACR relative radiation level scale; `child_below` names the age of the child's bands."""

    child_below: str
    levels: tuple[RadiationLevel, ...]


class CategoryCode(Part, kw_only=True, frozen=True):
    """A ServiceRequest category that says an order is imaging."""

    system: str
    code: str
    label: str


class ImagingCategories(Head, kw_only=True, frozen=True):
    """How an order says it is imaging when its code is unknown."""

    codes: tuple[CategoryCode, ...]


class MappedCode(Part, kw_only=True, frozen=True):
    """A code of an optional map and the procedure it stands for."""

    code: str
    procedure: str
    source: str = ""
    note: str = ""
    status: Literal["active", "retired", "deleted", "replaced"] = "active"


class CodeMap(Head, kw_only=True, frozen=True):
    """An optional, removable map from a licensed or local code system to procedures."""

    system: str
    codes: tuple[MappedCode, ...]
    notice: str = ""
