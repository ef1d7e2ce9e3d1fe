"""JSON in and out: nothing crashes the reader, and no number changes its spelling."""

import json
from decimal import Decimal

import pytest

from cds_service.fhir.orders import with_code
from cds_service.hooks.errors import RequestRefused
from cds_service.hooks.json_body import decode, encode
from cds_service.settings import Settings

SETTINGS = Settings()


def refused(body: bytes, settings: Settings = SETTINGS) -> RequestRefused:
    with pytest.raises(RequestRefused) as caught:
        decode(body, settings)
    return caught.value


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"  ", id="blanks"),
        pytest.param(b"{", id="an unfinished object"),
        pytest.param(b'{"a":1} {"a":2}', id="two documents"),
        pytest.param(b'{"a":1,}', id="a trailing comma"),
        pytest.param(b'{"a":1 /* c */}', id="a comment"),
        pytest.param(b'{"a":NaN}', id="NaN"),
        pytest.param(b'{"a":-Infinity}', id="Infinity"),
        pytest.param(b'\xef\xbb\xbf{"a":1}', id="a byte order mark"),
        pytest.param('{"a":1}'.encode("utf-16"), id="UTF-16"),
        pytest.param(b'{"a":"\xff"}', id="bytes that are not UTF-8"),
        pytest.param(b'{"a":"\xed\xa0\x80"}', id="a surrogate in UTF-8"),
        pytest.param(rb'{"a":"\ud800"}', id="a high surrogate alone"),
        pytest.param(rb'{"a":"\udc00"}', id="a low surrogate alone"),
        pytest.param(b'{"a":"\x01"}', id="a control character"),
        pytest.param(b'{"a":1e999999999}', id="a number too large to be a quantity"),
        pytest.param(b'{"a":1e-99999999999999999999999}', id="an exponent out of range"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"null", id="null"),
        pytest.param(b'"text"', id="a string"),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, id="100,000 nested lists"),
        pytest.param(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, id="100,000 nested objects"),
    ],
)
def test_a_body_that_is_not_one_json_object_is_refused_with_400(body: bytes):
    error = refused(body)
    assert (error.status, error.issue_code) == (400, "structure")


def test_nesting_is_allowed_up_to_the_limit_and_refused_beyond_it():
    def nested(depth: int) -> bytes:
        return b'{"a":' * depth + b"1" + b"}" * depth

    assert decode(nested(64), SETTINGS)
    assert refused(nested(65)).status == 400
    assert decode(nested(100), Settings(max_body_depth=100))


def test_a_body_over_the_size_limit_is_refused_with_413():
    settings = Settings(max_body_bytes=20)
    assert decode(b'{"a":"' + b"x" * 12 + b'"}', settings)
    error = refused(b'{"a":"' + b"x" * 13 + b'"}', settings)
    assert (error.status, error.issue_code) == (413, "too-long")


def test_of_a_key_given_twice_the_last_value_counts():
    assert decode(b'{"a":1,"a":2}', SETTINGS) == {"a": 2}


def test_an_escaped_pair_of_surrogates_is_one_character():
    assert decode(rb'{"a":"\ud83e\uddb4"}', SETTINGS) == {"a": "\N{BONE}"}


def test_an_error_does_not_quote_the_request():
    for body in (b'{"name":"Canary", "x":NaN}', b'{"Canary":"\xff"}', b'{"Canary":1e9999}'):
        error = refused(body)
        assert "Canary" not in error.text + error.diagnostics


@pytest.mark.parametrize(
    "spelling", ["1.10", "1.0", "100.00", "0.5", "-0.0", "7", "120", "12345678901234567890.10"]
)
def test_a_number_in_an_order_goes_back_as_it_was_spelled(spelling: str):
    body = f'{{"resourceType":"ServiceRequest","quantityQuantity":{{"value":{spelling}}}}}'
    order = decode(body.encode(), SETTINGS)
    changed = with_code(order, {"text": "MRI lumbar spine"})
    assert f'"value":{spelling}}}'.encode() in encode(changed)


@pytest.mark.parametrize("spelling", ["1e5", "1E-7", "2.50e3", "0.0000001"])
def test_a_number_with_an_exponent_keeps_its_value_and_precision(spelling: str):
    value = decode(f'{{"a":{spelling}}}'.encode(), SETTINGS)["a"]
    again = json.loads(encode({"a": value}), parse_float=Decimal)["a"]
    assert again.as_tuple() == Decimal(spelling).as_tuple()
