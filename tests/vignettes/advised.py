"""What the engine advises on a vignette, in the words of the oracle."""

from functools import cache

from cds_service.casebook import chart, shown
from cds_service.content.compile import compile_content
from cds_service.content.library import Content
from cds_service.content.load import load
from cds_service.engine.advice import Advice, Assessment
from cds_service.engine.decide import decide
from cds_service.engine.policy import Policy
from cds_service.fhir.orders import read_order
from tests.conftest import CARDS
from tests.vignettes.oracle import Card
from tests.vignettes.vignette import Vignette

ALL_CARDS = Policy(max_cards_per_order=99)

KINDS = {
    "hold-mri": (
        "hold-mri-device", "hold-mri-lead", "hold-mri-device-unlabelled",
        "hold-mri-neurostimulator", "hold-mri-neurostimulator-lead",
        "hold-mri-cochlear-implant", "hold-mri-magnet-implant",
        "hold-mri-aneurysm-clip", "hold-mri-drug-pump", "hold-mri-tissue-expander",
        "hold-mri-eye-metal", "hold-mri-temporary-device",
    ),
    "ask-mri": ("mri-device-question", "mri-eye-metal-question", "mri-retained-metal"),
    "within-labelling": ("mri-device-conditional", "mri-neurostimulator-conditional"),
    "prepare-mri": ("mri-medicated-patch", "mri-claustrophobia"),
    "contrast-reaction": ("contrast-reaction", "contrast-reaction-severe"),
    "contrast-reaction-mild": ("contrast-reaction-mild", "contrast-reaction-mild-agent"),
    "contrast-question": ("contrast-reaction-question",),
    "gadolinium-pregnancy": ("gadolinium-pregnancy",),
    "group-ii-agent": ("gadolinium-kidney-function",),
    "kidney-care": ("iodinated-kidney-function", "iodinated-dialysis"),
    "ask-kidney": ("kidney-function-question",),
    "hold-metformin": ("metformin-hold",),
    "ask-metformin": ("metformin-kidney-function",),
    "thyroid": ("iodinated-hyperthyroidism",),
    "pregnancy-radiation": ("pregnancy-radiation",),
    "ask-pregnancy": ("pregnancy-question",),
    "stat": (
        "make-it-stat", "epidural-abscess-stat", "sepsis-signs-stat", "cauda-equina-possible-stat",
    ),
    "whole-spine": ("image-whole-spine", "image-whole-spine-abscess", "image-above-lumbar"),
    "repeat": ("study-already-ordered", "study-recently-done"),
    "contradiction": ("order-contradicts-itself",),
    "add-contrast": ("add-contrast",),
    "mri-preferred": ("mri-preferred",),
    "mri-over-radiographs": ("mri-over-radiography",),
    "better-rated": ("better-rated",),
    "not-needed": ("imaging-not-needed",),
    "not-settled": ("red-flags-not-settled",),
}  # fmt: skip
"""Which cards of the content are of which kind of the oracle."""

_KIND_OF = {card: kind for kind, cards in KINDS.items() for card in cards}


@cache
def shipped() -> Content:
    """Return the shipped content, compiled."""
    found = load(CARDS)
    return compile_content(found.documents.values(), found.content_version)


def assessed(vignette: Vignette, policy: Policy | None = None) -> Assessment:
    """Return the assessment of the vignette's order; by default as a site without a policy."""
    case, content = vignette.case, shipped()
    order = read_order(case.order)
    assert order is not None
    return decide(chart(case, content), (order,), content, case.as_of, policy)[0]


def in_words(advice: Advice) -> Card:
    """Return what was advised in the words of the oracle.

    Raises:
        KeyError: no kind is stated for the card.
    """
    said = shown(advice)
    accept = said["accept"] or ()
    names = (accept,) if isinstance(accept, str) else tuple(accept)
    return Card(kind_of(advice.card), said["indicator"], names)


def kind_of(card: str) -> str:
    """Return the oracle's kind of the card `card` of the content.

    Raises:
        KeyError: no kind is stated for it.
    """
    return _KIND_OF[card]
