"""What the entries of one Bundle come to: whose records they are, and whether all are there."""

from collections.abc import Callable, Iterable

import msgspec

from cds_service.engine.chart import Source, SourceState
from cds_service.fhir.glance import Resource
from cds_service.fhir.read import Json, child, name_of, objects, patient_id, reference, string

COMPLETE = Source(SourceState.COMPLETE)
OTHER_TYPE = "other kinds of records came than were asked for"
MORE_PAGES = "further pages were not read"
ERROR_NOTED = "the search reported an error"
ODD_ENTRIES = "some entries could not be read"
FEWER_THAN_FOUND = "fewer records were supplied than the search found"

_GRAVE = frozenset({"error", "fatal"})
_SUBJECTS = ("subject", "patient")


class Reading(msgspec.Struct, frozen=True):
    """The usable resources of one answer, how complete it is, and what it leaves to be read.

    `unfinished` is a Bundle with further pages; `foreign` counts records left out because they
    are not about the patient.
    """

    resources: tuple[Resource, ...]
    source: Source
    unfinished: Json | None = None
    foreign: int = 0


class Tally:
    """What the entries of one Bundle come to."""

    def __init__(
        self, resource_type: str, patient: str, names: Callable[[], dict[str, str]]
    ) -> None:
        """Begin; `names` gives the ``Type/id`` behind each ``urn:`` address in the Bundle."""
        self._type = resource_type
        self._patient = patient
        self._find_names = names
        self._names: dict[str, str] | None = None
        self._plain = {f"Patient/{patient}": True}
        self.kept: list[Resource] = []
        self.matches = self._others = self._odd = self._foreign = 0
        self._error = False

    def is_plainly(self, ref: str) -> bool:
        """Say whether `ref` names the patient, whatever else is in the Bundle."""
        known = self._plain.get(ref)
        if known is None:
            known = not ref.startswith("urn:") and _names_patient(ref, self._patient, {})
            self._plain[ref] = known
        return known

    def take(self, entry: object) -> None:
        """Take one entry, of any shape, into account."""
        resource = entry.get("resource") if isinstance(entry, dict) else None
        mode = string(child(entry, "search").get("mode"))
        kind = string(resource.get("resourceType")) if isinstance(resource, dict) else ""
        if kind == "OperationOutcome":
            self._error = self._error or _is_grave(resource)
        elif mode == "outcome":
            return
        elif not isinstance(resource, dict) or not kind:
            self._odd += 1
        else:
            if mode != "include":
                self.matches += kind == self._type
                self._others += kind != self._type
            if self._names is None:
                self._names = self._find_names()
            if is_about(resource, self._patient, self._names):
                self.kept.append(resource)
            else:
                self._foreign += 1

    def reading(self, link: str | None, total: object, bundle: Callable[[], Json]) -> Reading:
        """Return what the Bundle with the next page `link` and that `total` came to."""
        reasons = [
            *([MORE_PAGES] if link is not None else []),
            *([ERROR_NOTED] if self._error else []),
            *([ODD_ENTRIES] if self._odd else []),
            *([left_out(self._foreign)] if self._foreign else []),
        ]
        if link is None and isinstance(total, int) and total > self.matches + self._odd:
            reasons.append(FEWER_THAN_FOUND)
        source = Source(SourceState.PARTIAL, "; ".join(reasons)) if reasons else COMPLETE
        if self._others and not self.matches:
            source = Source(SourceState.FAILED, OTHER_TYPE)
        unfinished = None if link is None else bundle()
        return Reading(tuple(self.kept), source, unfinished, self._foreign)


def names_in(entries: Iterable[object]) -> dict[str, str]:
    """Return the ``Type/id`` behind each ``urn:`` address that entries of a Bundle go by."""
    return {
        url: name_of(child(entry, "resource"))
        for entry in objects(list(entries))
        if (url := string(entry.get("fullUrl"))).startswith("urn:")
    }


def _is_grave(outcome: object) -> bool:
    issues = objects(outcome.get("issue")) if isinstance(outcome, dict) else []
    return any(string(issue.get("severity")).lower() in _GRAVE for issue in issues)


def is_about(resource: Json, patient: str, names: dict[str, str]) -> bool:
    """Whether `resource` names this patient as its subject, or nobody."""
    if resource.get("resourceType") == "Patient":
        own = string(resource.get("id"))
        return not own or own == patient
    for element in _SUBJECTS:
        value = resource.get(element)
        if value is None:
            continue
        named: list[object] = [*objects(value)] or [value]
        if not all(_names_patient(reference(item), patient, names) for item in named):
            return False
    return True


def _names_patient(ref: str, patient: str, names: dict[str, str]) -> bool:
    """Whether a reference is to the patient; one that names nobody for certain counts as such."""
    if ref == f"Patient/{patient}" or not ref or ref.startswith("#") or "?" in ref:
        return True
    ref = names.get(ref, ref).removeprefix("urn:uuid:")
    kind = ref.partition("/_history")[0].rstrip("/").split("/")[-2:][0]
    return patient_id(ref) == patient and kind in ("Patient", patient)


def left_out(count: int) -> str:
    """Return the reason why a source with `count` records of others is not complete."""
    records = "1 record that is" if count == 1 else f"{count} records that are"
    return f"{records} not about this patient left out"
