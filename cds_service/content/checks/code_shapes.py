"""What a code looks like in its code system: check digits and shapes.

SNOMED CT ids end in a Verhoeff check digit (SNOMED CT Release File Specifications, SCTID), LOINC
codes in a mod 10 one (LOINC Users' Guide). A check digit finds almost every mistyped code.
"""

import re

_CATEGORY = r"[A-Z][0-9A][0-9A-Z]"  # QA0, new in 2026, has a letter in second place
_ICD_10_CM = re.compile(rf"{_CATEGORY}(?:\.[0-9A-Z]{{1,4}}|-{_CATEGORY})?", re.ASCII)
_WHO_CATEGORY = r"[A-Z]\d\d"
_SHAPES = {
    "atc": (re.compile(r"[A-Z](?:\d\d(?:[A-Z](?:[A-Z](?:\d\d)?)?)?)?", re.ASCII), "L04AD02"),
    "cpt": (re.compile(r"\d{4}[0-9A-Z]", re.ASCII), "five digits"),
    "hcpcs": (re.compile(r"[A-Z]\d{4}", re.ASCII), "a letter and four digits"),
    "icd-10": (  # no fifth character: those of ICD-10-GM and of ICD-10-CM differ
        re.compile(rf"{_WHO_CATEGORY}(?:\.\d|-{_WHO_CATEGORY})?", re.ASCII),
        "A00, A00.1 or A00-A09",
    ),
    "ncit": (re.compile(r"C\d{3,7}", re.ASCII), "C106047"),
    "radlex": (re.compile(r"RP?ID\d+", re.ASCII), "RPID541"),
    "rxnorm": (re.compile(r"[1-9]\d{0,7}", re.ASCII), "digits only"),
}
_VERHOEFF_MULTIPLY = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
_VERHOEFF_PERMUTE = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 5, 7, 6, 2, 8, 3, 0, 9, 4),
    (5, 8, 0, 3, 7, 9, 6, 1, 4, 2),
    (8, 9, 1, 6, 0, 4, 3, 5, 2, 7),
    (9, 4, 5, 3, 1, 2, 6, 8, 7, 0),
    (4, 2, 8, 6, 5, 7, 3, 9, 0, 1),
    (2, 7, 9, 3, 8, 0, 6, 4, 1, 5),
    (7, 0, 4, 6, 9, 1, 3, 2, 5, 8),
)
_SNOMED_CT = re.compile(r"[1-9]\d{5,17}", re.ASCII)
_LOINC = re.compile(r"(\d{1,7})-(\d)", re.ASCII)
_LOINC_PART_OR_ANSWER = re.compile(r"L[APG]\d{1,7}-\d", re.ASCII)


def snomed_ct_is_valid(code: str) -> bool:
    """Say whether `code` is a SNOMED CT id: 6 to 18 digits, the last a Verhoeff check digit."""
    check = 0
    for index, digit in enumerate(reversed(code if _SNOMED_CT.fullmatch(code) else "1")):
        check = _VERHOEFF_MULTIPLY[check][_VERHOEFF_PERMUTE[index % 8][int(digit)]]
    return check == 0


def loinc_is_valid(code: str) -> bool:
    """Say whether `code` is a LOINC code: up to 7 digits, a hyphen and a mod 10 check digit.

    Parts, groups and answers (LP, LG, LA) only have to have the shape of one.
    """
    if _LOINC_PART_OR_ANSWER.fullmatch(code):
        return True
    match = _LOINC.fullmatch(code)
    if match is None:
        return False
    number, check = match.groups()
    total = 0
    for index, digit in enumerate(reversed(number)):
        value = int(digit) * (2 if index % 2 == 0 else 1)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 - the sum of two digits
    return (10 - total % 10) % 10 == int(check)


def icd_10_cm_is_shaped(code: str) -> bool:
    """Say whether `code` has the shape of an ICD-10-CM code, or of a block such as C00-C14."""
    return _ICD_10_CM.fullmatch(code) is not None


def other_shape(system: str, code: str) -> str:
    """Return how codes of `system` are written if `code` is not, or else the empty string."""
    shape, example = _SHAPES.get(system, (None, ""))
    return example if shape is not None and not shape.fullmatch(code) else ""
