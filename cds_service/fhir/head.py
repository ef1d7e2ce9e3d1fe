"""What a first glance reads of a search result and its resources, straight from the bytes.

Under FHIR's own names, R4 and older. What is raw is looked at only where a rule may have something
to do with it.
"""

import msgspec
from msgspec import Raw

NOTHING = Raw()
"""An element that is not there."""


class Pointer(msgspec.Struct, gc=False):
    """A Reference, at a glance."""

    reference: str = ""


class Meta(msgspec.Struct, gc=False):
    """When a resource was last updated."""

    lastUpdated: str = ""


class Quantity(msgspec.Struct, gc=False):
    """A Quantity; its number is still as it was written."""

    value: Raw = NOTHING
    unit: str = ""
    code: str = ""
    comparator: str = ""


class Component(msgspec.Struct, gc=False):
    """One of the values of an Observation that holds several."""

    code: Raw = NOTHING
    valueQuantity: Quantity | None = None
    interpretation: Raw = NOTHING
    referenceRange: Raw = NOTHING
    valueCodeableConcept: Raw = NOTHING
    valueString: Raw = NOTHING
    valueInteger: Raw = NOTHING
    valueBoolean: Raw = NOTHING
    modifierExtension: Raw = NOTHING


class Head(msgspec.Struct, gc=False):
    """What a first glance reads of a resource of any type, under FHIR's own names (R4 and older).

    What is raw is looked at only where a rule may have something to do with it.
    """

    resourceType: str
    id: str = ""
    status: str = ""
    code: Raw = NOTHING
    subject: Pointer | None = None
    patient: Pointer | None = None
    effectiveDateTime: str = ""
    valueQuantity: Quantity | None = None
    interpretation: Raw = NOTHING
    referenceRange: Raw = NOTHING
    meta: Meta | None = None
    valueCodeableConcept: Raw = NOTHING
    component: list[Component] = []
    type: Raw = NOTHING
    deviceName: Raw = NOTHING
    substance: Raw = NOTHING
    medicationCodeableConcept: Raw = NOTHING
    medicationReference: Raw = NOTHING
    medication: Raw = NOTHING
    valueString: Raw = NOTHING
    valueInteger: Raw = NOTHING
    valueBoolean: Raw = NOTHING
    modifierExtension: Raw = NOTHING
    doNotPerform: Raw = NOTHING
    notPerformed: Raw = NOTHING
    intent: Raw = NOTHING
    effectivePeriod: Raw = NOTHING
    performedPeriod: Raw = NOTHING
    occurrencePeriod: Raw = NOTHING
    clinicalStatus: Raw = NOTHING
    verificationStatus: Raw = NOTHING
    onsetDateTime: str = ""
    recordedDate: str = ""
    onsetPeriod: Raw = NOTHING
    onsetDate: Raw = NOTHING
    abatementDateTime: Raw = NOTHING
    abatementPeriod: Raw = NOTHING
    abatementDate: Raw = NOTHING
    abatementBoolean: Raw = NOTHING
    assertedDate: Raw = NOTHING
    dateRecorded: Raw = NOTHING
    lastOccurrence: Raw = NOTHING


class Search(msgspec.Struct, gc=False):
    """Why an entry is in a search result."""

    mode: str = ""


class Entry(msgspec.Struct, gc=False):
    """An entry of a Bundle."""

    resource: Head
    fullUrl: str = ""
    search: Search | None = None


class Bundle(msgspec.Struct, gc=False):
    """A search result with its resources at a glance, or a Patient."""

    resourceType: str
    entry: list[Entry] = []
    total: int | None = None
    link: Raw = NOTHING
    id: str = ""
    birthDate: str = ""
    gender: str = ""
