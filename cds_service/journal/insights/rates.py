"""Shares of counts, with an interval that keeps small numbers from misleading."""

from math import sqrt

from msgspec import Struct

_Z = 1.959964
"""The normal deviate that leaves 2.5 % on each side."""


class Rate(Struct, frozen=True):
    """`number` out of `total`, such as cards accepted out of cards shown."""

    number: int
    total: int

    @property
    def share(self) -> float | None:
        """Return the share from 0 to 1, or None where there is nothing to take a share of."""
        return self.number / self.total if self.total else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Return the bounds of the 95 % interval of the share, or None without a share.

        Wilson's score interval (J Am Stat Assoc 1927;22:209), which holds for small numbers and
        near 0 and 1, where the share plus or minus its standard error does not.
        """
        if not self.total:
            return None
        share, total, square = self.number / self.total, self.total, _Z * _Z
        middle = share + square / (2 * total)
        half = _Z * sqrt(share * (1 - share) / total + square / (4 * total * total))
        whole = 1 + square / total
        return max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)


def per_hundred(number: int, total: int) -> float | None:
    """Return how many of `number` there are for each hundred of `total`; None without a total."""
    return 100 * number / total if total else None
