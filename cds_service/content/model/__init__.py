"""What the documents in ``cards/`` say, one class per kind of document.

The field names are those of the YAML files (kebab-case there). The meaning of each is written for
authors in ``cards/README.md`` and enforced by the JSON Schemas in ``cards/schemas``.
"""

from cds_service.content.model.base import Citation, Expression, Head, Indicator, Part, Rating
from cds_service.content.model.estimates import Estimate, Estimates, SexTerms
from cds_service.content.model.expansions import (
    Descendant,
    DescendantGroup,
    Expansion,
    SystemVersion,
    ValueSetExpansions,
)
from cds_service.content.model.findings import Clause, Finding, Findings, Parameter, Parameters
from cds_service.content.model.guideline import (
    Indication,
    Population,
    Preference,
    RatedProcedure,
    Ratings,
    Split,
    Topic,
    Variant,
    VariantRatings,
    Variants,
)
from cds_service.content.model.language import (
    AssertionCues,
    CueGroup,
    Joined,
    OrderWord,
    OrderWords,
)
from cds_service.content.model.rules import (
    Recommendation,
    Recommendations,
    Remedy,
    SafetyRule,
    SafetyState,
    Selector,
)
from cds_service.content.model.terminology import (
    CategoryCode,
    CodeMap,
    Concept,
    ConceptGroup,
    ImagingCategories,
    MappedCode,
    Procedure,
    ProcedureCode,
    Procedures,
    RadiationLevel,
    RadiationLevels,
    ValueSet,
    VsacReference,
)
from cds_service.content.model.texts import (
    CardText,
    FindingWords,
    OverrideReason,
    OverrideReasons,
    Texts,
    Translations,
)

Document = (
    ValueSet
    | ValueSetExpansions
    | Procedures
    | RadiationLevels
    | ImagingCategories
    | CodeMap
    | Parameters
    | Estimates
    | Findings
    | Topic
    | Variants
    | Ratings
    | Recommendations
    | SafetyRule
    | OverrideReasons
    | Texts
    | AssertionCues
    | OrderWords
    | Translations
)

KINDS: dict[str, type[Head]] = {
    "value-set": ValueSet,
    "value-set-expansions": ValueSetExpansions,
    "procedures": Procedures,
    "radiation-levels": RadiationLevels,
    "imaging-categories": ImagingCategories,
    "code-map": CodeMap,
    "parameters": Parameters,
    "estimates": Estimates,
    "findings": Findings,
    "topic": Topic,
    "variants": Variants,
    "ratings": Ratings,
    "recommendations": Recommendations,
    "safety-rule": SafetyRule,
    "override-reasons": OverrideReasons,
    "texts": Texts,
    "assertion-cues": AssertionCues,
    "order-words": OrderWords,
    "translations": Translations,
}
"""The class of each kind of document (``cases`` are read by cds_service.content.cases)."""

__all__ = [
    "KINDS",
    "AssertionCues",
    "CardText",
    "CategoryCode",
    "Citation",
    "Clause",
    "CodeMap",
    "Concept",
    "ConceptGroup",
    "CueGroup",
    "Descendant",
    "DescendantGroup",
    "Document",
    "Estimate",
    "Estimates",
    "Expansion",
    "Expression",
    "Finding",
    "FindingWords",
    "Findings",
    "Head",
    "ImagingCategories",
    "Indication",
    "Indicator",
    "Joined",
    "MappedCode",
    "OrderWord",
    "OrderWords",
    "OverrideReason",
    "OverrideReasons",
    "Parameter",
    "Parameters",
    "Part",
    "Population",
    "Preference",
    "Procedure",
    "ProcedureCode",
    "Procedures",
    "RadiationLevel",
    "RadiationLevels",
    "RatedProcedure",
    "Rating",
    "Ratings",
    "Recommendation",
    "Recommendations",
    "Remedy",
    "SafetyRule",
    "SafetyState",
    "Selector",
    "SexTerms",
    "Split",
    "SystemVersion",
    "Texts",
    "Topic",
    "Translations",
    "ValueSet",
    "ValueSetExpansions",
    "Variant",
    "VariantRatings",
    "Variants",
    "VsacReference",
]
