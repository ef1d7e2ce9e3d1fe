"""How well texts are read: precision and recall on the labelled texts, and time per text.

``python -m tests.text.accuracy`` prints the figures of both parts; ``--errors`` adds what is wrong
in the tuning part. What is wrong in the held-out part is never shown: no rule is fitted to it.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from cds_service.content.language import order_text_reader, text_index
from cds_service.content.load import content_directory, load
from cds_service.content.model import AssertionCues, OrderWords, Procedures, ValueSet
from cds_service.text.mentions import TextIndex
from cds_service.text.order_text import OrderTextReader

LABELLED = Path(__file__).parent / "labelled"
HALVES = ("tuning", "held-out")
KINDS = ("reasons", "orders")
AIM = (0.95, 0.90)
"""The precision and recall that are aimed at."""

FLOORS = {
    ("reasons", "tuning"): AIM,
    ("reasons", "held-out"): AIM,
    ("orders", "tuning"): AIM,
    ("orders", "held-out"): AIM,
}
"""What must not be lost again; see decision 15."""

_TEXTS_TIMED = 200
_ROUNDS = 15
_LONG_NUMBER = 201 * "1"
"""A text with it is too long to be remembered, and is read anew each time."""


class Readers(NamedTuple):
    """What reads reasons and orders with the content that is shipped."""

    mentions: TextIndex
    studies: OrderTextReader
    regions: frozenset[tuple[str, str]]
    """The modalities and regions that are labelled: those some procedure has together."""


class Figures(NamedTuple):
    """How many labels were met (`right`), found and not labelled, or labelled and missed."""

    right: int
    wrong: int
    missed: int
    errors: tuple[str, ...]

    @property
    def precision(self) -> float:
        """Return which share of what was found is labelled."""
        return self.right / (self.right + self.wrong)

    @property
    def recall(self) -> float:
        """Return which share of what is labelled was found."""
        return self.right / (self.right + self.missed)

    @property
    def labels(self) -> int:
        """Return the number of labels."""
        return self.right + self.missed


def readers() -> Readers:
    """Return the readers of texts, compiled from the content directory."""
    documents = list(load(content_directory()).documents.values())
    cues = next(each for each in documents if isinstance(each, AssertionCues))
    words = next(each for each in documents if isinstance(each, OrderWords))
    value_sets = [each for each in documents if isinstance(each, ValueSet)]
    regions = frozenset(
        (study.modality, study.body_region)
        for document in documents
        if isinstance(document, Procedures)
        for study in document.procedures
        if study.body_region not in ("other-region", "region-not-stated")
    )
    return Readers(text_index(value_sets, cues), order_text_reader(words), regions)


def labelled(kind: str, half: str) -> list[dict[str, Any]]:
    """Return the labelled texts of one kind and half."""
    texts: list[dict[str, Any]] = yaml.safe_load(
        (LABELLED / f"{kind}.{half}.yaml").read_text(encoding="utf-8")
    )
    return texts


def halves(kind: str) -> list[str]:
    """Return the parts of the texts of one kind that there are."""
    return [half for half in HALVES if (LABELLED / f"{kind}.{half}.yaml").is_file()]


def figures(kind: str, half: str, read: Readers) -> Figures:
    """Return how the readers do on one half of the texts of one kind."""
    labels, found = (
        (_reason_labels, _reason_found) if kind == "reasons" else (_order_labels, _order_found)
    )
    right = wrong = missed = 0
    errors: list[str] = []
    concepts = {
        mention["concept"]
        for name in halves("reasons")
        for entry in labelled("reasons", name)
        for mention in entry["mentions"]
    }
    for entry in labelled(kind, half):
        said = labels(entry)
        read_as = {each for each in found(entry["text"], read) if _counts(each, concepts, kind)}
        right += len(said & read_as)
        wrong += len(read_as - said)
        missed += len(said - read_as)
        if said != read_as:
            errors.append(
                f"{entry['text']}\n    wrong: {sorted(read_as - said)}\n"
                f"    missed: {sorted(said - read_as)}"
            )
    return Figures(right, wrong, missed, tuple(errors))


Label = tuple[str, str]


def _counts(label: Label, concepts: set[str], kind: str) -> bool:
    return kind == "orders" or label[0] in concepts


def _reason_labels(entry: dict[str, Any]) -> set[Label]:
    return {(each["concept"], each["assertion"]) for each in entry["mentions"]}


def _reason_found(text: str, read: Readers) -> Iterator[Label]:
    """Yield what is mentioned; what is present only in words that suggest it is possible."""
    for value_set, role, assertion in read.mentions.mentions(text):
        weak = role == "weak" and assertion == "present"
        yield value_set, "possible" if weak else str(assertion)


def _order_labels(entry: dict[str, Any]) -> set[Label]:
    return set(_axes(entry["modality"] or "", entry["region"] or "", entry["contrast"]))


def _order_found(text: str, read: Readers) -> Iterator[Label]:
    study = read.studies.read(text)
    if study is None or not study.modality:
        return
    known = (study.modality, study.body_region) in read.regions
    yield from _axes(
        study.modality, study.body_region if known else "", study.contrast or "unspecified"
    )


def _axes(modality: str, region: str, contrast: str) -> Iterator[Label]:
    """Yield what is labelled of an order: nothing if it names no study or several."""
    if modality:
        yield "modality", modality
        if region:
            yield "region", region
        if contrast not in ("unspecified", "not-applicable"):
            yield "contrast", contrast


def microseconds(read: Callable[[str], object], texts: list[str]) -> float:
    """Return the processor time of reading one text, in µs: the median of many rounds."""
    rounds = []
    for _ in range(_ROUNDS):
        begun = time.process_time()
        for text in texts:
            read(text)
        rounds.append((time.process_time() - begun) / len(texts) * 1e6)
    return statistics.median(rounds)


def _report(errors: bool) -> Iterator[str]:
    read = readers()
    yield "kind     half      precision  recall      n"
    for kind in KINDS:
        for half in halves(kind):
            each = figures(kind, half, read)
            yield f"{kind:8} {half:9} {each.precision:9.3f} {each.recall:7.3f} {each.labels:6}"
    reasons, orders = (
        [entry["text"] for entry in labelled(kind, "tuning")][:_TEXTS_TIMED] for kind in KINDS
    )
    # A long number at the end takes them past the length that is remembered.
    padded = [f"{text} {_LONG_NUMBER}" for text in reasons]
    yield f"{microseconds(read.mentions.mentions, padded):.0f} microseconds for one reason"
    yield f"{microseconds(read.studies.read, orders):.0f} microseconds for one order"
    if errors:
        for kind in KINDS:
            yield f"\nErrors in the tuning half: {kind}"
            yield from figures(kind, "tuning", read).errors


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="tests.text.accuracy", description=main.__doc__)
    parser.add_argument("--errors", action="store_true", help="show errors of the tuning half")
    for line in _report(parser.parse_args().errors):
        print(line)


if __name__ == "__main__":
    main()
