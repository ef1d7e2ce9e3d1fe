"""JSON as bytes to values and back, without changing how a number is spelled.

A draft order goes back to the client inside a suggestion with one element changed. So ``1.10``
must not become ``1.1`` on the way (FHIR R4, decimal: precision has meaning): numbers with a point
or an exponent are read as `Decimal`.
"""

from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

import msgspec

from cds_service.fhir.glance import Page
from cds_service.fhir.head import Bundle
from cds_service.hooks.errors import RequestRefused
from cds_service.settings import Settings

# Far beyond any measured quantity. Without a limit, int(Decimal("1e999999999")) fills the memory.
_LARGEST_EXPONENT = 400


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("number out of range") from None
    if not -_LARGEST_EXPONENT < number.adjusted() < _LARGEST_EXPONENT:
        raise ValueError("number out of range")
    return number


class _Members(msgspec.Struct):
    """The members of a call besides what was prefetched."""

    hook: Any = None
    hookInstance: Any = None
    fhirServer: Any = None
    fhirAuthorization: Any = None
    context: Any = None


class _Glanced(_Members):
    """A call with what was prefetched at a glance."""

    prefetch: dict[str, Bundle | None] = {}


class _Call(_Members):
    """A call with what was prefetched still as bytes."""

    prefetch: dict[str, msgspec.Raw] = {}


class _Prefetched(msgspec.Struct):
    """The values of ``prefetch``, as bytes."""

    prefetch: dict[str, msgspec.Raw]


_DECODER = msgspec.json.Decoder(float_hook=_number)
_GLANCED = msgspec.json.Decoder(_Glanced, float_hook=_number)
_CALL = msgspec.json.Decoder(_Call, float_hook=_number)
_PREFETCHED = msgspec.json.Decoder(_Prefetched)
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def decode(body: bytes, settings: Settings) -> dict[str, Any]:
    """Return the JSON object in `body`; of a key given twice, the last value (RFC 8259).

    Raises:
        RequestRefused: 413 if `body` is too large; 400 if it is not UTF-8, has a byte order mark,
            is not JSON (``NaN`` and unpaired surrogates are not), is nested too deeply, or is not
            an object.
    """
    _check_bytes(body, settings)
    value = _decoded(body, settings)
    if not isinstance(value, dict):
        raise RequestRefused(400, "structure", "The request body must be a JSON object.")
    return value


def decode_call(body: bytes, settings: Settings) -> dict[str, Any]:
    """Return the members of a call of a service, with the values of ``prefetch`` not yet decoded.

    Each of them is a `Page` at a glance, or None. Where one has an odd shape, all are bytes
    (`msgspec.Raw`) instead, which `decode_part` decodes; all of `body` is known to be JSON either
    way. A ``prefetch`` that is no object is returned as it is.

    Raises:
        RequestRefused: as `decode` does; for what lies in ``prefetch``, whoever decodes it.
    """
    _check_bytes(body, settings)
    call: _Glanced | _Call
    try:
        call = _GLANCED.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        try:
            call = _CALL.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return decode(body, settings)
    if _deeper_than([call.context, call.fhirAuthorization], settings.max_body_depth):
        raise _too_deep(settings)
    members = msgspec.structs.asdict(call)
    if isinstance(call, _Glanced):
        values = _Values(body)
        members["prefetch"] = {
            name: found
            and Page(found, partial(values.raw, name), partial(decode_part, settings=settings))
            for name, found in call.prefetch.items()
        }
    return members


class _Values:
    """The values of ``prefetch`` as bytes, found in the body when one is first asked for."""

    __slots__ = ("_body", "_found")

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._found: dict[str, msgspec.Raw] | None = None

    def raw(self, name: str) -> msgspec.Raw:
        if self._found is None:
            self._found = _PREFETCHED.decode(self._body).prefetch
        return self._found[name]


def decode_part(raw: msgspec.Raw, settings: Settings) -> Any:
    """Return the value in `raw`, a part of a body that `decode_call` has read.

    Raises:
        RequestRefused: 400 if a number is out of range, or it is nested too deeply.
    """
    try:
        value = _DECODER.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return _decoded(raw, settings)  # which says what is wrong
    if isinstance(value, (dict, list)) and _deeper_than(value, settings.max_body_depth):
        raise _too_deep(settings)
    return value


def _check_bytes(body: bytes, settings: Settings) -> None:
    if len(body) > settings.max_body_bytes:
        raise RequestRefused(
            413, "too-long", f"The request body is larger than {settings.max_body_bytes} bytes."
        )
    if not body.isascii():
        try:
            body.decode()
        except UnicodeDecodeError:
            raise RequestRefused(400, "structure", "The request body is not UTF-8.") from None


def _decoded(raw: bytes | msgspec.Raw, settings: Settings) -> Any:
    try:
        value = _DECODER.decode(raw)
    except RecursionError:
        raise _too_deep(settings) from None
    except msgspec.DecodeError as error:
        raise RequestRefused(
            400, "structure", "The request body is not valid JSON.", diagnostics=str(error)
        ) from None
    if isinstance(value, (dict, list)) and _deeper_than(value, settings.max_body_depth):
        raise _too_deep(settings)
    return value


def _too_deep(settings: Settings) -> RequestRefused:
    return RequestRefused(
        400, "structure", f"The request body is nested deeper than {settings.max_body_depth}."
    )


def encode(value: object) -> bytes:
    """Return `value` as JSON in UTF-8, numbers spelled as they were read."""
    return _ENCODER.encode(value)


def _deeper_than(value: dict[str, Any] | list[Any], limit: int) -> bool:
    level: list[Any] = [value]
    for _ in range(limit):
        level = [
            item
            for container in level
            for item in (container.values() if type(container) is dict else container)
            if type(item) is dict or type(item) is list
        ]
        if not level:
            return False
    return True
