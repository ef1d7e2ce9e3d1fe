"""What one record can say about a finding."""

from enum import StrEnum


class Verdict(StrEnum):
    """What one record says about one finding."""

    FOR = "for"
    INCONCLUSIVE = "inconclusive"
    AGAINST = "against"
    IRRELEVANT = "irrelevant"
