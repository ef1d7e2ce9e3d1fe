"""Texts with places to fill in, such as ``Change {ordered} to {suggested}``."""

import re
from collections.abc import Mapping
from functools import lru_cache

PLACES = re.compile(r"\{([a-z-]+)\}")
"""The places of a template that are filled in."""

_MOST_KEPT = 8192
"""Templates kept taken apart: more than the texts and phrases of several languages."""


class Template:
    """One text of the content or the program, taken apart once into words and places.

    `places` are the names of its places as they follow each other, a repeated one repeated.
    """

    __slots__ = ("_pattern", "places")

    def __init__(self, text: str) -> None:
        """Take `text` apart; braces with anything else than a name in them are words."""
        words, names = PLACES.split(text)[::2], PLACES.findall(text)
        self._pattern = "%s".join([each.replace("%", "%%") for each in words])
        self.places: tuple[str, ...] = tuple(names)

    def fill(self, values: Mapping[str, str]) -> str:
        """Return the text with `values` in its places; places inside a value stay as they are.

        Raises:
            KeyError: a place has no value.
        """
        return self._pattern % tuple([values[name] for name in self.places])


@lru_cache(_MOST_KEPT)
def template(text: str) -> Template:
    """Return `text` taken apart. It is kept: for texts of the content only, none of a chart."""
    return Template(text)
