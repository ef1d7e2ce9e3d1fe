"""Values that a site gives to parameters of the content."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from cds_service.content.issue import Issue
from cds_service.content.library import Content
from cds_service.content.model import Parameter
from cds_service.fhir.dates import parse_duration
from cds_service.site.names import nearest
from cds_service.site.read import SiteFile

_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?", re.ASCII)
_FAR = 2
_LONGEST_MONTHS = 150 * 12
_LONGEST_DAYS = 150 * 366


def parameters_exist_and_fit(file: SiteFile, content: Content) -> Iterator[Issue]:
    """REF002, PARAM006: a value is for a parameter, a number or a duration as it needs."""
    for name, value in file.site.parameters.items():
        where = ("parameters", name)
        if name not in content.parameters:
            said = f"there is no parameter '{name}'"
            yield file.issue_of_key(where, "REF002", said, nearest(name, content.parameters))
        elif hint := wrong_value(content.parameters[name], value):
            said = f"'{value}' is no value of the parameter '{name}'"
            yield file.issue(where, "PARAM006", said, hint)
        elif hint := far_from_shipped(content.parameters[name], value):
            said = f"'{value}' is far from the shipped value of '{name}'"
            yield file.issue(where, "SITE016", said, hint)


def far_from_shipped(parameter: Parameter, value: Any) -> str:
    """Return what to look at where a number may be in another unit, else the empty string.

    A temperature in Fahrenheit, a count per microlitre or a concentration per decilitre is more
    than twice, or less than half of what it should be.
    """
    if not parameter.unit:
        return ""
    shipped, own = Decimal(str(parameter.value)), Decimal(str(value))
    if shipped / _FAR <= own <= shipped * _FAR:
        return ""
    return f"look twice: it is {shipped} {parameter.unit} as shipped, and the unit stays"


def wrong_value(parameter: Parameter, value: Any) -> str:
    """Return what `value` would have to be, or the empty string if it can be used."""
    text = "" if isinstance(value, bool | list | dict) or value is None else str(value)
    if parameter.unit:
        if _NUMBER.fullmatch(text):
            return ""
        return f"write a number, such as {parameter.value}; its unit stays {parameter.unit}"
    try:
        months, days = parse_duration(text)
        usable = months <= _LONGEST_MONTHS and days <= _LONGEST_DAYS
    except ValueError:
        usable = False
    return "" if usable else f"write an ISO 8601 duration, such as {parameter.value}"
