"""What one prefetch value, or one answer of the FHIR server, says and how complete it is.

The absence of a record only means something where the source is complete. So whatever cannot be
read, or shows that something is missing, makes the source partial or failed, and never raises.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from cds_service.engine.chart import Source, SourceState
from cds_service.fhir.client import listed, next_link
from cds_service.fhir.glance import Entry, Glanced, Page, Resource
from cds_service.fhir.read import Json, child, name_of, objects, patient_id, reference, string
from cds_service.hooks.errors import RequestRefused

COMPLETE = Source(SourceState.COMPLETE)
NOT_RESOURCE = "what was supplied is not a FHIR resource"
OTHER_TYPE = "other kinds of records came than were asked for"
ERROR_ANSWER = "the search was answered with an error report"
ONE_RECORD = "a single record was supplied in place of a search result"
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


_EMPTY = Reading((), COMPLETE)


def failed(reason: str) -> Reading:
    """Return the reading of an answer that could not be used."""
    return Reading((), Source(SourceState.FAILED, str(reason)))


def read_page(page: Page, resource_type: str, patient: str) -> Reading:
    """Return what a prefetch value holds that is known at a glance, as `read_value` does.

    Raises:
        RequestRefused: 400, what came is another patient's; or whatever decoding it raises.
    """
    if page.kind == "Bundle":
        return _read_bundle_at_a_glance(page, resource_type, patient)
    value = page.patient() if resource_type == "Patient" else {}
    value = value or page.all()
    refuse_other_patient(value, patient)
    return read_value(value, resource_type, patient)


def refuse_other_patient(value: object, patient: str) -> None:
    """Refuse the request if `value` is another patient's Patient.

    Raises:
        RequestRefused: 400, because the chart that came is not of the patient of the context.
    """
    if isinstance(value, dict) and value.get("resourceType") == "Patient":
        other = string(value.get("id"))
        if other and patient_id(other) != patient:
            raise RequestRefused(
                400, "value", "The Patient in prefetch is not the patient of the context."
            )


def read_value(value: object, resource_type: str, patient: str) -> Reading:
    """Return what a prefetch value for `resource_type` holds about the patient with that id.

    ``null`` and a Bundle without entries say that there is nothing; an OperationOutcome, another
    type or no FHIR at all is a failed source (CDS Hooks 2.0, Prefetch; FHIR R4 search, Bundle).
    """
    if value is None:
        return Reading((), COMPLETE)
    resource = _unwrapped(value)
    kind = string(resource.get("resourceType"))
    if kind == "Bundle":
        return _read_bundle(resource, resource_type, patient)
    if kind == "OperationOutcome":
        return failed(ERROR_ANSWER)
    if kind != resource_type:
        return failed(OTHER_TYPE if kind else NOT_RESOURCE)
    if not _is_about(resource, patient, {}):
        return Reading((), Source(SourceState.PARTIAL, _left_out(1)), foreign=1)
    if resource_type == "Patient":
        return Reading((resource,), COMPLETE)
    return Reading((resource,), Source(SourceState.PARTIAL, ONE_RECORD))


def combine(sources: Sequence[Source]) -> Source:
    """Return the state of a source that is asked for in parts: complete only if all parts are."""
    if len(sources) == 1:
        return sources[0]
    states = {source.state for source in sources}
    if len(states) == 1:
        state = states.pop()
    elif states & {SourceState.COMPLETE, SourceState.PARTIAL}:
        state = SourceState.PARTIAL
    else:
        state = SourceState.FAILED
    reasons = dict.fromkeys(source.reason for source in sources if source.reason)
    return Source(state, "; ".join(reasons))


def _unwrapped(value: object) -> Json:
    """Return the resource in `value`; clients before CDS Hooks 1.0 send {response, resource}."""
    if not isinstance(value, dict):
        return {}
    if "resourceType" in value or "response" not in value:
        return value
    answered = string(child(value, "response").get("status")) or "200"
    return child(value, "resource") if answered.startswith("2") else {}


def _read_bundle(bundle: Json, resource_type: str, patient: str) -> Reading:
    entries = listed(bundle.get("entry"))
    tally = _Tally(resource_type, patient, lambda: _names(entries))
    for entry in entries:
        tally.take(entry)
    return tally.reading(next_link(bundle), bundle.get("total"), lambda: bundle)


def _read_bundle_at_a_glance(page: Page, resource_type: str, patient: str) -> Reading:
    """Return what a Bundle holds, its resources at a glance.

    An entry that is not plainly one of those asked for, about this patient, is decoded whole.
    """
    links = page.link()
    if not page.entries and not page.total and not links:
        return _EMPTY
    tally = _Tally(resource_type, patient, lambda: _names_at_a_glance(page))
    plain: list[Resource] = []
    for number, entry in enumerate(page.entries):
        if entry is not None:
            head, search = entry.resource, entry.search
            if (
                head.resourceType == resource_type
                and (search is None or search.mode == "match")
                and (head.subject is None or tally.is_plainly(head.subject.reference))
                and (head.patient is None or tally.is_plainly(head.patient.reference))
            ):
                plain.append(Glanced(head, page, number))
                continue
        tally.take(page.whole(number))
    tally.kept += plain
    tally.matches += len(plain)
    return tally.reading(next_link(links), page.total, page.all)


class _Tally:
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
            if _is_about(resource, self._patient, self._names):
                self.kept.append(resource)
            else:
                self._foreign += 1

    def reading(self, link: str | None, total: object, bundle: Callable[[], Json]) -> Reading:
        """Return what the Bundle with the next page `link` and that `total` came to."""
        reasons = [
            *([MORE_PAGES] if link is not None else []),
            *([ERROR_NOTED] if self._error else []),
            *([ODD_ENTRIES] if self._odd else []),
            *([_left_out(self._foreign)] if self._foreign else []),
        ]
        if link is None and isinstance(total, int) and total > self.matches + self._odd:
            reasons.append(FEWER_THAN_FOUND)
        source = Source(SourceState.PARTIAL, "; ".join(reasons)) if reasons else COMPLETE
        if self._others and not self.matches:
            source = Source(SourceState.FAILED, OTHER_TYPE)
        unfinished = None if link is None else bundle()
        return Reading(tuple(self.kept), source, unfinished, self._foreign)


def _names(entries: Iterable[object]) -> dict[str, str]:
    """Return the ``Type/id`` behind each ``urn:`` address that entries of a Bundle go by."""
    return {
        url: name_of(child(entry, "resource"))
        for entry in objects(list(entries))
        if (url := string(entry.get("fullUrl"))).startswith("urn:")
    }


def _names_at_a_glance(page: Page) -> dict[str, str]:
    return _names([page.whole(number) for number, entry in enumerate(page.entries) if _urn(entry)])


def _urn(entry: Entry | None) -> bool:
    return entry is None or entry.fullUrl.strip().startswith("urn:")


def _is_grave(outcome: object) -> bool:
    issues = objects(outcome.get("issue")) if isinstance(outcome, dict) else []
    return any(string(issue.get("severity")).lower() in _GRAVE for issue in issues)


def _is_about(resource: Json, patient: str, names: dict[str, str]) -> bool:
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


def _left_out(count: int) -> str:
    records = "1 record that is" if count == 1 else f"{count} records that are"
    return f"{records} not about this patient left out"
