"""Names that a site file mentions and the content does not have."""

from collections.abc import Collection
from difflib import get_close_matches

_MOST_LISTED = 12


def nearest(name: str, known: Collection[str]) -> str:
    """Return a hint with the known names most like `name`, or with all if they are few."""
    if near := get_close_matches(name, sorted(known), n=3):
        return f"Did you mean {' or '.join(repr(each) for each in near)}?"
    if known and len(known) <= _MOST_LISTED:
        return f"known here: {', '.join(sorted(known))}"
    return "'imaging-advisor config' lists what there is"
