"""Resources at a glance: what tells whether a rule has anything to do with them.

Most of a chart is of no use to any rule, and building it costs more than deciding on it. So a
Bundle is read from its bytes straight into what a first glance needs; the bytes stay, and a
resource that matters is decoded whole when it is asked for. A Bundle with an entry of another
shape than FHIR gives it is not forced into these classes: that entry is decoded whole at once, by
the decoder for everything else, and only that entry.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Raw

from cds_service.fhir.head import NOTHING, Bundle, Entry, Head
from cds_service.fhir.read import Json, child, name_of

Decode = Callable[[Raw], Any]
"""Turns bytes that are known to be JSON into values, every number as it is spelled."""


class _Loose(msgspec.Struct, gc=False):
    """A Bundle whose entries may be of any shape."""

    resourceType: str = ""
    entry: list[Raw] = []
    total: int | None = None
    link: Raw = NOTHING


_BUNDLE = msgspec.json.Decoder(Bundle)
_LOOSE = msgspec.json.Decoder(_Loose)
_ENTRY = msgspec.json.Decoder(Entry)


class Page:
    """A Bundle at a glance, out of whose bytes an entry is decoded whole when asked for.

    `entries` are its entries, and None for each that has another shape. `decode` turns bytes known
    to be JSON into values.
    """

    __slots__ = ("_entries", "_found", "_raw", "decode", "entries")

    def __init__(self, found: Bundle | _Loose, raw: Callable[[], Raw], decode: Decode) -> None:
        """Keep what was `found`; `raw` gives the bytes of it."""
        self._found = found
        self._raw = raw
        self._entries: list[Raw] | None = None
        self.decode = decode
        self.entries: list[Entry] | list[Entry | None]
        if isinstance(found, Bundle):
            self.entries = found.entry
        else:
            self._entries = found.entry
            self.entries = [_entry(each) for each in found.entry]

    @property
    def kind(self) -> str:
        """Return the resource type, which may be another than Bundle."""
        return self._found.resourceType

    @property
    def total(self) -> int | None:
        """Return how many resources the search found."""
        return self._found.total

    def link(self) -> Json:
        """Return the links of the Bundle if there may be further pages, else nothing."""
        link = bytes(self._found.link)
        further = b"next" in link or b"\\" in link
        return {"link": self.decode(self._found.link)} if further else {}

    def patient(self) -> Json:
        """Return what is read of a Patient; nothing of another resource."""
        found = self._found
        if found.resourceType != "Patient" or not isinstance(found, Bundle):
            return {}
        said = {"id": found.id, "birthDate": found.birthDate, "gender": found.gender}
        return {"resourceType": "Patient", **{name: each for name, each in said.items() if each}}

    def whole(self, number: int) -> Any:
        """Return the entry with that number, counted from 0, as a full decoding gives it."""
        if self._entries is None:
            self._entries = _LOOSE.decode(self._raw()).entry
        return self.decode(self._entries[number])

    def all(self) -> Any:
        """Return the whole of it."""
        return self.decode(self._raw())


def page_of(raw: Raw, decode: Decode) -> Page | None:
    """Return the resource in `raw` at a glance, or None where it is none, or an odd one."""
    found: Bundle | _Loose
    try:
        found = _BUNDLE.decode(raw)
    except msgspec.ValidationError:
        try:
            found = _LOOSE.decode(raw)
        except msgspec.ValidationError:
            return None
    return Page(found, lambda: raw, decode)


def _entry(raw: Raw) -> Entry | None:
    try:
        return _ENTRY.decode(raw)
    except msgspec.ValidationError:
        return None


class Glanced(msgspec.Struct, gc=False):
    """A resource of which only the head was read so far."""

    head: Head
    page: Page
    number: int

    @property
    def name(self) -> str:
        """Return ``Type/id``, or ``Type`` where it has no id."""
        identity = self.head.id.strip()
        kind = self.head.resourceType
        return f"{kind}/{identity}" if identity else kind

    def whole(self) -> Json:
        """Return all of the resource, as a full decoding gives it."""
        return child(self.page.whole(self.number), "resource")


Resource = Json | Glanced
"""A resource as it is in a chart: decoded whole, or at a glance."""


def whole(resource: Resource) -> Json:
    """Return all of `resource`."""
    return resource.whole() if isinstance(resource, Glanced) else resource


def resource_name(resource: Resource) -> str:
    """Return ``Type/id`` of `resource`, or ``Type`` where it has no id."""
    return resource.name if isinstance(resource, Glanced) else name_of(resource)
