"""Feedback of a client on cards, as typed values (CDS Hooks 2.0.1, Feedback).

One bad item does not cost the others: those are stored first, then the client is told with 400
which were not. Texts name the place of what is wrong and never quote it: a comment is free text.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Literal

from cds_service.fhir.read import Json, child, objects, string
from cds_service.hooks.errors import RequestRefused

EPIC_REASON = "com.epic.cdshooks.feedback.overrideReason."
"""Start of the names under which Epic tells the reason, in the extension of ``overrideReasons``."""

_MOST_ITEMS = 1000
_MOST_SUGGESTIONS = 100
_LONGEST_ID = 255
_LONGEST_COMMENT = 4096
_MOST_TOLD = 50
_EPIC_CODES = ("reasonCategory", "reasonCode", "reason")

_INSTANT = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ](?P<time>[0-9]{2}:[0-9]{2}:)(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]+))?"
    r"(?P<zone>[Zz]|[+-][0-9]{2}:[0-9]{2})?)?",
    re.ASCII,
)


class _Wrong(ValueError):  # noqa: N818 - said of an item, not of a fault of ours
    """Raised inside for an item that cannot be used: the path of what is wrong and the rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackItem:
    """What a clinician did with one card; `comment` is free text and is shown nowhere."""

    card: str
    outcome: Literal["accepted", "overridden"]
    outcome_at: datetime
    suggestions: tuple[str, ...] = ()
    reason_system: str = ""
    reason_code: str = ""
    comment: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class FeedbackBatch:
    """The items that can be stored, and index and text for each one that cannot."""

    items: tuple[FeedbackItem, ...]
    rejected: tuple[tuple[int, str], ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def refusal(self) -> RequestRefused | None:
        """Return what to answer once `items` are stored; None if nothing was rejected."""
        if not self.rejected:
            return None
        total = len(self.items) + len(self.rejected)
        told = "; ".join(text for _, text in self.rejected[:_MOST_TOLD])
        text = (
            f"{len(self.rejected)} of {total} feedback items were not stored"
            f"{', the others were' if self.items else ''}."
        )
        return RequestRefused(400, "value", text, diagnostics=told)


def read_feedback(body: Any) -> FeedbackBatch:
    """Return the feedback in `body`, a decoded JSON value.

    Raises:
        RequestRefused: 400 if there is no array of feedback, 413 if it has too many items.
    """
    if not isinstance(body, dict):
        raise RequestRefused(400, "structure", "The request body must be a JSON object.")
    listed = body.get("feedback")
    if listed is None:
        raise RequestRefused(400, "required", "The request has no feedback: it must be an array.")
    if not isinstance(listed, list):
        raise RequestRefused(400, "value", "feedback must be an array.")
    if len(listed) > _MOST_ITEMS:
        text = f"feedback has more than {_MOST_ITEMS} items: send them in several requests."
        raise RequestRefused(413, "too-costly", text)
    items: list[FeedbackItem] = []
    rejected: list[tuple[int, str]] = []
    remarks: dict[str, int] = {}
    for index, value in enumerate(listed):
        try:
            items.append(_item(value, remarks))
        except _Wrong as wrong:
            rejected.append((index, f"feedback[{index}]{wrong}"))
    said = tuple(f"{text} ({number} items)" for text, number in remarks.items())
    return FeedbackBatch(tuple(items), tuple(rejected), said)


def _item(value: object, remarks: dict[str, int]) -> FeedbackItem:
    def remark(text: str) -> None:
        remarks[text] = remarks.get(text, 0) + 1

    if not isinstance(value, dict):
        raise _Wrong(" must be an object")
    card = _text(value.get("card"), ".card", _LONGEST_ID)
    if not card:
        raise _Wrong(".card must be a string that is not empty")
    outcome_at = _instant(value.get("outcomeTimestamp"), remark)
    given = value.get("outcome")
    if given == "accepted":
        return FeedbackItem(
            card=card, outcome="accepted", outcome_at=outcome_at, suggestions=_accepted(value)
        )
    if given != "overridden":
        raise _Wrong(".outcome must be accepted or overridden")
    system, code, comment = _override(value, remark)
    return FeedbackItem(
        card=card,
        outcome="overridden",
        outcome_at=outcome_at,
        reason_system=system,
        reason_code=code,
        comment=comment,
    )


def _accepted(item: Json) -> tuple[str, ...]:
    path = ".acceptedSuggestions"
    listed = objects(item.get("acceptedSuggestions"))
    if len(listed) > _MOST_SUGGESTIONS:
        raise _Wrong(f"{path} has more than {_MOST_SUGGESTIONS} suggestions")
    ids = [_text(each.get("id"), f"{path}.id", _LONGEST_ID) for each in listed]
    if not any(ids):
        raise _Wrong(f"{path} must name at least one suggestion with its id")
    return tuple(dict.fromkeys(each for each in ids if each))


def _override(item: Json, remark: Any) -> tuple[str, str, str]:
    """Return system and code of the reason and the comment, each empty where not given."""
    path, value = ".overrideReason", item.get("overrideReason")
    if value is None and item.get("overrideReasons") is not None:
        path, value = ".overrideReasons", item.get("overrideReasons")
        remark("overrideReasons is read as overrideReason")
        if isinstance(value, list):
            if len(objects(value)) > 1:
                remark("of several overrideReasons the first is kept")
            value = next(iter(objects(value)), None)
    if value is None:
        return "", "", ""
    if not isinstance(value, dict):
        raise _Wrong(f"{path} must be an object")
    comment = value.get("userComment")
    if comment is not None and not isinstance(comment, str):
        raise _Wrong(f"{path}.userComment must be a string")
    system, code = _reason(value, path, remark)
    said = _text(comment, f"{path}.userComment", _LONGEST_COMMENT)
    if not code and not said:
        raise _Wrong(f"{path} must have a reason or a userComment")
    return system, code, said


def _reason(value: Json, path: str, remark: Any) -> tuple[str, str]:
    reason = child(value, "reason")
    code = _text(reason.get("code"), f"{path}.reason.code", _LONGEST_ID)
    if code:
        system = _text(reason.get("system"), f"{path}.reason.system", _LONGEST_ID)
        if not system:
            remark("overrideReason.reason has no system")
        return system, code
    if value.get("reason") is not None:
        raise _Wrong(f"{path}.reason must be an object with a code")
    # What Epic shows beside the code (display, title) may have been typed: it is not read.
    extension = child(value, "extension")
    for name in _EPIC_CODES:
        if code := _text(extension.get(EPIC_REASON + name), f"{path}.extension", _LONGEST_ID):
            return EPIC_REASON + name, code
    return "", ""


def _text(value: object, path: str, longest: int) -> str:
    text = string(value)
    if len(text) > longest:
        raise _Wrong(f"{path} is longer than {longest} characters")
    return text


def _instant(value: object, remark: Any) -> datetime:
    match = _INSTANT.fullmatch(string(value))
    if not match:
        rule = "must be a time in UTC, such as 2026-11-23T08:20:17Z"
        raise _Wrong(f".outcomeTimestamp {rule}")
    try:
        return _utc(match, remark)
    except (ValueError, OverflowError):  # 30 February; a zone that leads before the year 1
        raise _Wrong(".outcomeTimestamp is no time that there is") from None


def _utc(match: re.Match[str], remark: Any) -> datetime:
    day = datetime.fromisoformat(match["day"])
    if not match["time"]:
        remark("outcomeTimestamp is only a date: it counts as midnight UTC")
        return day.replace(tzinfo=UTC)
    hour, minute = (int(part) for part in match["time"].rstrip(":").split(":"))
    second = min(int(match["second"]), 59) if match["second"] == "60" else int(match["second"])
    micro = int((match["fraction"] or "0")[:6].ljust(6, "0"))
    at = day.replace(hour=hour, minute=minute, second=second, microsecond=micro)
    zone = match["zone"]
    if not zone:
        remark("outcomeTimestamp has no zone: it counts as UTC")
    if not zone or zone in "Zz":
        return at.replace(tzinfo=UTC)
    remark("outcomeTimestamp is not in UTC")
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
    return at.replace(tzinfo=timezone(-offset if zone[0] == "-" else offset)).astimezone(UTC)
