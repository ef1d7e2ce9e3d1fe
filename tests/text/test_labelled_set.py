"""The labelled texts are large enough, use only known labels, and their parts do not overlap."""

from collections import Counter

import pytest
import yaml

from cds_service.content.load import content_directory
from tests.text.accuracy import LABELLED, halves

ASSERTIONS = {"present", "absent", "possible", "historical", "family", "hypothetical"}
MODALITIES = {"MR", "CT", "DX", "NM", "PT", "RF", "US", None}
CONCEPTS = [
    "active-malignancy",
    "aneurysm-clip",
    "bacteraemia",
    "bone-metastasis",
    "bowel-incontinence",
    "cauda-equina",
    "chills-rigors",
    "claustrophobia",
    "cochlear-implant",
    "contrast-allergy-unspecified",
    "cord-compression-myelopathy",
    "dialysis",
    "failed-conservative-therapy",
    "fever",
    "gadolinium-contrast-allergy",
    "hiv",
    "immunodeficiency",
    "implantable-defibrillator",
    "insulin-pump",
    "intraocular-orbital-foreign-body",
    "iodinated-contrast-allergy",
    "iv-drug-use",
    "leg-weakness",
    "long-term-corticosteroid-status",
    "long-term-immunosuppression-status",
    "low-back-pain",
    "lumbar-radiculopathy",
    "metformin",
    "neurostimulator",
    "night-or-rest-pain",
    "osteoporosis-fragility",
    "pacemaker",
    "pregnancy-condition",
    "prior-lumbar-surgery",
    "recent-spinal-procedure",
    "saddle-anaesthesia",
    "sepsis",
    "skin-soft-tissue-infection",
    "spinal-infection",
    "spine-trauma",
    "transplant",
    "unexplained-weight-loss",
    "urinary-retention",
    "urinary-tract-infection",
]


KEYS = {"reasons": ["text", "mentions"], "orders": ["text", "modality", "region", "contrast"]}
REASONS = halves("reasons")
ORDERS = halves("orders")
PARTS = [("reasons", half) for half in REASONS] + [("orders", half) for half in ORDERS]


def read(kind, half):
    return yaml.safe_load((LABELLED / f"{kind}.{half}.yaml").read_text(encoding="utf-8"))


def mentions(half):
    return [mention for entry in read("reasons", half) for mention in entry["mentions"]]


def procedures():
    paths = sorted((content_directory() / "procedures").glob("*.yaml"))
    documents = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in paths]
    return [study for document in documents for study in document.get("procedures", [])]


@pytest.mark.parametrize(("kind", "half"), PARTS)
def test_each_part_is_large(kind, half):
    assert len(read(kind, half)) >= 100


@pytest.mark.parametrize("kind", ["reasons", "orders"])
def test_no_text_stands_twice_in_a_part_or_in_both(kind):
    parts = halves(kind)
    texts = [entry["text"].strip().casefold() for half in parts for entry in read(kind, half)]
    assert [text for text, times in Counter(texts).items() if times > 1] == []


@pytest.mark.parametrize(("kind", "half"), PARTS)
def test_every_entry_has_a_text_and_all_its_labels(kind, half):
    for entry in read(kind, half):
        assert list(entry) == KEYS[kind], entry
        assert entry["text"].strip()


@pytest.mark.parametrize("concept", CONCEPTS)
def test_every_concept_is_a_value_set_and_is_met_often_enough_in_each_part(concept):
    assert (content_directory() / "value-sets" / f"{concept}.yaml").is_file()
    for half in REASONS:
        assert sum(mention["concept"] == concept for mention in mentions(half)) >= 3, half


@pytest.mark.parametrize("half", REASONS)
def test_mentions_use_known_concepts_and_assertions_and_repeat_no_pair(half):
    for entry in read("reasons", half):
        pairs = [(mention["concept"], mention["assertion"]) for mention in entry["mentions"]]
        assert {concept for concept, _ in pairs} <= set(CONCEPTS), entry
        assert {assertion for _, assertion in pairs} <= ASSERTIONS, entry
        assert len(pairs) == len(set(pairs)), entry


@pytest.mark.parametrize("half", REASONS)
def test_many_mentions_are_not_present_and_every_assertion_is_met(half):
    counted = Counter(mention["assertion"] for mention in mentions(half))
    assert set(counted) == ASSERTIONS
    assert 0.35 <= 1 - counted["present"] / counted.total() <= 0.45


@pytest.mark.parametrize("half", REASONS)
def test_enough_texts_mention_nothing(half):
    entries = read("reasons", half)
    assert sum(entry["mentions"] == [] for entry in entries) >= 0.15 * len(entries)


@pytest.mark.parametrize("half", ORDERS)
def test_orders_use_the_regions_and_contrasts_the_procedures_have_for_the_modality(half):
    regions = {(study["modality"], study["body-region"]) for study in procedures()}
    contrasts = {(study["modality"], study["contrast"]) for study in procedures()}
    without_procedures = {(modality, "not-applicable") for modality in ("US", None)}
    for order in read("orders", half):
        modality, region = order["modality"], order["region"]
        assert modality in MODALITIES, order
        assert region is None or (modality, region) in regions, order
        assert (modality, order["contrast"]) in contrasts | without_procedures, order


@pytest.mark.parametrize("half", ORDERS)
def test_every_modality_is_ordered_and_some_orders_are_no_imaging(half):
    assert {order["modality"] for order in read("orders", half)} == MODALITIES


@pytest.mark.parametrize("kind", ["reasons", "orders"])
def test_the_parts_of_a_kind_follow_the_same_labelling_rules(kind):
    texts = [(LABELLED / f"{kind}.{half}.yaml").read_text("utf-8") for half in halves(kind)]
    rules = {text.split("# Labelling rules")[1].split("\n- text:")[0] for text in texts}
    assert len(rules) == 1
