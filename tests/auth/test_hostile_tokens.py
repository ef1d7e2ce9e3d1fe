"""Every kind of bad token gets the same answer, reaches nobody, and uses up nothing."""

import base64
import hashlib
import hmac
import json
import math

import hypothesis.strategies as st
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from cds_service import log
from cds_service.clients.jwk import read_key
from cds_service.clients.refusal import Refusal
from cds_service.settings import Settings
from tests.auth.conftest import JKU
from tests.clients.tokens import (
    BASE,
    ISSUER,
    SECONDS,
    SELECT,
    claims,
    encoded,
    header,
    sealed,
    token,
)

JTI = "the-one-and-only"
URL = BASE + SELECT
SIGN = f"{BASE}/cds-services/imaging-order-sign"
REFUSED = (
    b'{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"login",'
    b'"details":{"text":"The request is not authenticated."}}]}'
)


def good(pair, head=None, **changes):
    return token(pair, head=head, jti=JTI, **{"audience": URL, **changes})


def raw(pair, head=None, body=None):
    """Return a signed token with texts that no JSON writer would make."""
    return sealed(
        head or json.dumps(header(pair)), body or json.dumps(claims(jti=JTI)), pair.private, "ES384"
    )


def hmac_signed(pair, algorithm, secret):
    text = ".".join(
        encoded(json.dumps(part).encode()) for part in (header(pair, algorithm), claims(jti=JTI))
    )
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}
    signature = hmac.new(secret, text.encode(), digest[algorithm]).digest()
    return f"{text}.{encoded(signature)}"


def unsigned(pair, algorithm):
    parts = (header(pair, algorithm), claims(jti=JTI))
    return ".".join(encoded(json.dumps(part).encode()) for part in parts) + "."


def parts_of(text, **changes):
    """Return the token with whole parts of it replaced."""
    head, body, signature = text.split(".")
    return ".".join(
        [changes.get("head", head), changes.get("body", body), changes.get("seal", signature)]
    )


def pem(pair):
    return pair.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def repeated(pair, name, value):
    text = json.dumps(claims(jti=JTI))
    return raw(pair, body=f'{{"{name}": {json.dumps(value)}, {text[1:]}')


def respelled(text):
    """Return the token with the unused bits of its last character set: the same bytes."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for part in text.split(".")[:2]:
        if len(part) % 4:
            other = part[:-1] + alphabet[alphabet.index(part[-1]) + 1]
            return text.replace(part, other)
    return f"{text}="


R = Refusal
HOSTILE = {
    # how it is written
    "nothing at all": (lambda t: "", R.NO_TOKEN),
    "two tokens": (lambda t: f"{good(t.pair)}, {good(t.pair)}", R.NO_TOKEN),
    "two parts only": (lambda t: good(t.pair).rpartition(".")[0], R.MALFORMED),
    "four parts": (lambda t: good(t.pair) + ".x", R.MALFORMED),
    "five parts, as if encrypted": (lambda t: "a.b.c.d.e", R.MALFORMED),
    "standard base64": (lambda t: good(t.pair).replace(".", "+.", 1), R.MALFORMED),
    "padding": (lambda t: parts_of(good(t.pair), seal="QQ=="), R.MALFORMED),
    "half a byte": (lambda t: parts_of(good(t.pair), seal="A"), R.MALFORMED),
    "another spelling of the same bytes": (lambda t: respelled(good(t.pair)), R.MALFORMED),
    "letters outside ASCII": (lambda t: good(t.pair) + "é", R.MALFORMED),
    "9 KiB": (lambda t: good(t.pair, padding="x" * 9000), R.TOO_LONG),
    "a header that is no JSON": (lambda t: raw(t.pair, head="{"), R.MALFORMED),
    "a header that is a list": (lambda t: raw(t.pair, head="[]"), R.MALFORMED),
    "a header in UTF-16": (
        lambda t: parts_of(good(t.pair), head=encoded(json.dumps(header(t.pair)).encode("utf-16"))),
        R.MALFORMED,
    ),
    "claims that are no JSON": (lambda t: raw(t.pair, body="iss"), R.MALFORMED),
    "claims that are a text": (lambda t: raw(t.pair, body='"iss"'), R.MALFORMED),
    "claims nested beyond reason": (lambda t: raw(t.pair, body="[" * 5000), R.MALFORMED),
    "a byte order mark": (
        lambda t: raw(t.pair, body="\ufeff" + json.dumps(claims(jti=JTI))),
        R.MALFORMED,
    ),
    "two algorithms": (
        lambda t: raw(t.pair, head='{"alg":"none","alg":"ES384","kid":"key-1","typ":"JWT"}'),
        R.REPEATED_MEMBER,
    ),
    "two issuers": (lambda t: repeated(t.pair, "iss", "https://evil.example"), R.REPEATED_MEMBER),
    "two audiences": (lambda t: repeated(t.pair, "aud", SIGN), R.REPEATED_MEMBER),
    # how it is signed
    "alg none": (lambda t: unsigned(t.pair, "none"), R.ALGORITHM_NONE),
    "alg nOnE": (lambda t: unsigned(t.pair, "nOnE"), R.ALGORITHM_NONE),
    "alg none over a real signature": (
        lambda t: parts_of(good(t.pair), head=encoded(json.dumps(header(t.pair, "none")).encode())),
        R.ALGORITHM_NONE,
    ),
    "HS256 with the public key as its secret": (
        lambda t: hmac_signed(t.pair, "HS256", pem(t.pair)),
        R.ALGORITHM_SYMMETRIC,
    ),
    "HS384 with the JWK as its secret": (
        lambda t: hmac_signed(t.pair, "HS384", json.dumps(t.pair.jwk).encode()),
        R.ALGORITHM_SYMMETRIC,
    ),
    "HS512 with an empty secret": (
        lambda t: hmac_signed(t.pair, "HS512", b""),
        R.ALGORITHM_SYMMETRIC,
    ),
    "an algorithm nobody knows": (
        lambda t: raw(t.pair, head='{"alg":"XX1","kid":"key-1","typ":"JWT"}'),
        R.ALGORITHM_NOT_ALLOWED,
    ),
    "EdDSA": (
        lambda t: raw(t.pair, head='{"alg":"EdDSA","kid":"key-1","typ":"JWT"}'),
        R.ALGORITHM_NOT_ALLOWED,
    ),
    "no alg": (lambda t: good(t.pair, head={"alg": None}), R.MALFORMED),
    "alg as a list": (lambda t: good(t.pair, head={"alg": ["ES384"]}), R.MALFORMED),
    "the key of an attacker": (lambda t: good(t.stranger), R.BAD_SIGNATURE),
    "no signature": (lambda t: parts_of(good(t.pair), seal=""), R.BAD_SIGNATURE),
    "a signature of zeros": (
        lambda t: parts_of(good(t.pair), seal=encoded(bytes(96))),
        R.BAD_SIGNATURE,
    ),
    "a signature cut short": (
        lambda t: parts_of(good(t.pair), seal=good(t.pair).rpartition(".")[2][:64]),
        R.BAD_SIGNATURE,
    ),
    "the signature of another token": (
        lambda t: parts_of(good(t.pair), seal=good(t.pair, iat=SECONDS - 1).rpartition(".")[2]),
        R.BAD_SIGNATURE,
    ),
    "claims changed after signing": (
        lambda t: parts_of(
            good(t.pair, audience=SIGN), body=encoded(json.dumps(claims(jti=JTI)).encode())
        ),
        R.BAD_SIGNATURE,
    ),
    "an RSA algorithm for an elliptic key": (
        lambda t: parts_of(
            good(t.pair), head=encoded(json.dumps(header(t.pair, "RS384")).encode())
        ),
        R.KEY_DOES_NOT_FIT,
    ),
    "an elliptic algorithm for an RSA key": (
        lambda t: parts_of(good(t.pair), head=encoded(json.dumps(header(t.rsa)).encode())),
        R.KEY_DOES_NOT_FIT,
    ),
    "ES256 for a key on P-384": (
        lambda t: parts_of(
            good(t.pair), head=encoded(json.dumps(header(t.pair, "ES256")).encode())
        ),
        R.KEY_DOES_NOT_FIT,
    ),
    # what its header brings along
    "no kid": (lambda t: good(t.pair, head={"kid": None}), R.NO_KEY_ID),
    "kid as a number": (lambda t: good(t.pair, head={"kid": 1}), R.NO_KEY_ID),
    "kid of 300 letters": (lambda t: good(t.pair, head={"kid": "k" * 300}), R.NO_KEY_ID),
    "kid of a key we do not know": (lambda t: good(t.pair, head={"kid": "x"}), R.UNKNOWN_KEY),
    "kid that climbs": (lambda t: good(t.pair, head={"kid": "../../etc"}), R.UNKNOWN_KEY),
    "no typ": (lambda t: good(t.pair, head={"typ": None}), R.WRONG_TYP),
    "typ of an access token": (lambda t: good(t.pair, head={"typ": "at+jwt"}), R.WRONG_TYP),
    "typ as a number": (lambda t: good(t.pair, head={"typ": 1}), R.WRONG_TYP),
    "crit": (lambda t: good(t.pair, head={"crit": ["exp"], "exp": 1}), R.CRITICAL_HEADER),
    "crit, empty": (lambda t: good(t.pair, head={"crit": []}), R.CRITICAL_HEADER),
    "b64 false": (lambda t: good(t.pair, head={"b64": False}), R.CRITICAL_HEADER),
    "b64 in crit": (
        lambda t: good(t.pair, head={"b64": False, "crit": ["b64"]}),
        R.CRITICAL_HEADER,
    ),
    "its own key": (lambda t: good(t.stranger, head={"jwk": t.stranger.jwk}), R.EMBEDDED_KEY),
    "its own certificate": (lambda t: good(t.stranger, head={"x5c": ["MIIB"]}), R.EMBEDDED_KEY),
    "the address of a certificate": (
        lambda t: good(t.stranger, head={"x5u": "https://evil.example/c"}),
        R.EMBEDDED_KEY,
    ),
    "the address of other keys": (
        lambda t: good(t.stranger, head={"jku": "https://evil.example/jwks.json"}),
        R.KEY_SET_NOT_ALLOWED,
    ),
    "an address like the agreed one": (
        lambda t: good(t.stranger, head={"jku": f"{JKU}#https://evil.example"}),
        R.KEY_SET_NOT_ALLOWED,
    ),
    # who it says it is from
    "an unknown issuer": (lambda t: good(t.pair, iss="https://evil.example"), R.UNKNOWN_ISSUER),
    "an unknown issuer with its own keys": (
        lambda t: good(
            t.stranger, head={"jku": "https://evil.example/k"}, iss="https://evil.example"
        ),
        R.UNKNOWN_ISSUER,
    ),
    "the issuer with a slash": (lambda t: good(t.pair, iss=f"{ISSUER}/"), R.UNKNOWN_ISSUER),
    "the client of the local mode": (lambda t: good(t.pair, iss=""), R.UNKNOWN_ISSUER),
    "a list of issuers": (lambda t: good(t.pair, iss=[ISSUER]), R.CLAIM_OF_WRONG_SORT),
    "no issuer": (lambda t: good(t.pair, iss=None), R.MISSING_CLAIM),
    # for whom it is
    "no audience": (lambda t: good(t.pair, audience=None), R.MISSING_CLAIM),
    "the other service": (lambda t: good(t.pair, audience=SIGN), R.WRONG_AUDIENCE),
    "discovery": (lambda t: good(t.pair, audience=f"{BASE}/cds-services"), R.WRONG_AUDIENCE),
    "the base only": (lambda t: good(t.pair, audience=BASE), R.WRONG_AUDIENCE),
    "http instead of https": (
        lambda t: good(t.pair, audience=URL.replace("https", "http")),
        R.WRONG_AUDIENCE,
    ),
    "a slash at its end": (lambda t: good(t.pair, audience=f"{URL}/"), R.WRONG_AUDIENCE),
    "a query": (lambda t: good(t.pair, audience=f"{URL}?x"), R.WRONG_AUDIENCE),
    "capitals": (lambda t: good(t.pair, audience=URL.upper()), R.WRONG_AUDIENCE),
    "the address inside a longer one": (
        lambda t: good(t.pair, audience=f"https://evil.example/{URL}"),
        R.WRONG_AUDIENCE,
    ),
    "the letters of the address": (lambda t: good(t.pair, audience=list(URL)), R.WRONG_AUDIENCE),
    "an empty list": (lambda t: good(t.pair, audience=[]), R.WRONG_AUDIENCE),
    "an empty audience": (lambda t: good(t.pair, audience=""), R.WRONG_AUDIENCE),
    "an audience as a block": (lambda t: good(t.pair, audience={URL: 1}), R.CLAIM_OF_WRONG_SORT),
    "a list with a number": (lambda t: good(t.pair, audience=[URL, 1]), R.CLAIM_OF_WRONG_SORT),
    # when it is good
    "no exp": (lambda t: good(t.pair, exp=None), R.MISSING_CLAIM),
    "no iat": (lambda t: good(t.pair, iat=None), R.MISSING_CLAIM),
    "expired": (
        lambda t: good(t.pair, iat=SECONDS - 305, exp=SECONDS - 5),
        R.EXPIRED,
    ),
    "good for a day": (lambda t: good(t.pair, exp=SECONDS + 86400), R.LIFETIME_TOO_LONG),
    "good for a second too long": (
        lambda t: good(t.pair, exp=SECONDS + 901),
        R.LIFETIME_TOO_LONG,
    ),
    "expired before it was made": (
        lambda t: good(t.pair, iat=SECONDS + 2, exp=SECONDS + 1),
        R.LIFETIME_TOO_LONG,
    ),
    "made in the future": (
        lambda t: good(t.pair, iat=SECONDS + 6, exp=SECONDS + 60),
        R.NOT_YET_VALID,
    ),
    "made in the future, good since long ago": (
        lambda t: good(t.pair, iat=SECONDS + 6, nbf=SECONDS - 300),
        R.NOT_YET_VALID,
    ),
    "good from later on": (lambda t: good(t.pair, nbf=SECONDS + 6), R.NOT_YET_VALID),
    "exp as a text": (lambda t: good(t.pair, exp=str(SECONDS + 60)), R.CLAIM_OF_WRONG_SORT),
    "exp as true": (lambda t: good(t.pair, exp=True), R.CLAIM_OF_WRONG_SORT),
    "exp as a list": (lambda t: good(t.pair, exp=[SECONDS + 60]), R.CLAIM_OF_WRONG_SORT),
    "exp as NaN": (lambda t: good(t.pair, exp=math.nan), R.MALFORMED),
    "exp as infinity": (lambda t: good(t.pair, exp=math.inf), R.MALFORMED),
    "exp of 1e400": (
        lambda t: raw(t.pair, body=json.dumps(claims(jti=JTI, exp=1)).replace(": 1,", ": 1e400,")),
        R.CLAIM_OF_WRONG_SORT,
    ),
    "exp of 5000 digits": (
        lambda t: raw(
            t.pair, body=json.dumps(claims(jti=JTI, exp=1)).replace(": 1,", f": {'9' * 5000},")
        ),
        R.MALFORMED,
    ),
    "exp of 400 digits": (lambda t: good(t.pair, exp=10**400), R.CLAIM_OF_WRONG_SORT),
    "exp in milliseconds": (lambda t: good(t.pair, exp=SECONDS * 1000), R.CLAIM_OF_WRONG_SORT),
    "exp below zero": (lambda t: good(t.pair, exp=-1), R.CLAIM_OF_WRONG_SORT),
    "iat as a text": (lambda t: good(t.pair, iat=str(SECONDS)), R.CLAIM_OF_WRONG_SORT),
    "nbf as a text": (lambda t: good(t.pair, nbf="now"), R.CLAIM_OF_WRONG_SORT),
}  # fmt: skip
HOSTILE_IDS = {
    # ids of tokens that a store or a log could not hold
    "no jti": (None, R.MISSING_CLAIM),
    "an empty jti": ("", R.CLAIM_OF_WRONG_SORT),
    "jti as a number": (7, R.CLAIM_OF_WRONG_SORT),
    "jti as a list": ([JTI], R.CLAIM_OF_WRONG_SORT),
    "jti of 256 letters": ("j" * 256, R.CLAIM_OF_WRONG_SORT),
    "jti with a line break": ("a\nb", R.CLAIM_OF_WRONG_SORT),
    "jti with a null": ("a\x00b", R.CLAIM_OF_WRONG_SORT),
    "jti with half a letter": ("\ud800", R.CLAIM_OF_WRONG_SORT),
}


class Keys:
    def __init__(self, pair, rsa, stranger):
        self.pair, self.rsa, self.stranger = pair, rsa, stranger


@pytest.fixture
def made_with(pair, rsa, stranger):
    return Keys(pair, rsa, stranger)


@pytest.fixture
def service(serve, pair, rsa, no_network):
    """Return a service whose client has agreed keys, and an agreed address for others."""
    return serve(jku_allowed=(JKU,))


def assert_refused(service, answer, reason):
    assert answer.status_code == 401
    assert answer.data == REFUSED
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.mimetype == "application/json"
    assert service.reason == reason
    assert service.counted[-1] == reason
    assert service.callers == []


@pytest.mark.conformance(192, 193, 194, 195, 197, 198, 200, 201, 202, 203, 204, 208, 209)
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_token_is_refused_like_any_other_and_uses_up_nothing(
    service, made_with, no_network, kind
):
    make, reason = HOSTILE[kind]
    assert_refused(service, service.post(make(made_with)), reason)
    assert service.asked == []
    assert no_network == []
    assert len(service.replays) == 0
    assert service.post(good(made_with.pair)).status_code == 200


@pytest.mark.conformance(197, 203)
@pytest.mark.parametrize("kind", HOSTILE_IDS)
def test_a_token_without_a_usable_id_is_refused(service, pair, no_network, kind):
    jti, reason = HOSTILE_IDS[kind]
    assert_refused(service, service.post(token(pair, jti=jti)), reason)
    assert len(service.replays) == 0
    assert no_network == []


@pytest.mark.conformance(192)
@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Token {}", "{}", "Bearer: {}"]
)
def test_without_a_bearer_token_there_is_no_answer(service, pair, value):
    headers = {"Authorization": value.format(good(pair))}
    assert_refused(service, service.post(None, headers=headers), Refusal.NO_TOKEN)
    assert_refused(service, service.post(None), Refusal.NO_TOKEN)


@pytest.mark.conformance(203)
def test_a_token_is_good_for_one_call_of_any_service(service, pair):
    both = token(pair, audience=[URL, SIGN], jti=JTI)
    assert service.post(both).status_code == 200
    for path in (SELECT, "/cds-services/imaging-order-sign"):
        service.callers.clear()
        assert_refused(service, service.post(both, path), Refusal.REPLAYED)


@pytest.mark.conformance(203)
def test_a_new_token_with_the_id_of_a_used_one_is_refused(service, pair):
    assert service.post(good(pair)).status_code == 200
    service.callers.clear()
    assert_refused(service, service.post(good(pair, exp=SECONDS + 60)), Refusal.REPLAYED)


@pytest.mark.conformance(203)
def test_a_used_token_is_refused_until_its_very_last_moment(service, pair):
    used = good(pair)
    service.post(used)
    service.callers.clear()
    service.later(300 + 4.999)
    assert_refused(service, service.post(used), Refusal.REPLAYED)
    service.later(0.001)
    assert_refused(service, service.post(used), Refusal.EXPIRED)


@pytest.mark.conformance(212)
def test_the_key_of_the_public_sandbox_is_not_trusted_wherever_it_is_found(pair, rsa, serve):
    known = "44823f3d-0b01-4a6c-a80e-b9d3e8a7226f"
    key = read_key({**pair.jwk, "kid": known})
    published = serve(jwks=None, jwks_url=JKU, service={"fetch": lambda _url: {known: (key,)}})
    answer = published.post(good(pair, head={"kid": known}))
    assert_refused(published, answer, Refusal.UNKNOWN_KEY)
    assert published.asked == []


@pytest.mark.conformance(199)
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example"},
        {"Forwarded": "host=evil.example;proto=https"},
        {"Host": "evil.example", "X-Forwarded-Proto": "https"},
    ],
)
def test_the_host_a_caller_names_does_not_matter(service, pair, headers):
    for_evil = token(pair, audience=f"https://evil.example{SELECT}", jti=JTI)
    assert_refused(service, service.post(for_evil, headers=headers), Refusal.WRONG_AUDIENCE)
    assert service.post(good(pair), headers=headers).status_code == 200


@pytest.mark.conformance(211)
def test_the_log_names_the_reason_and_the_client_and_nothing_else_of_the_token(
    service, pair, stranger, capsys
):
    log.configure(Settings(log_format="json"))
    forged = good(stranger, tenant="a-tenant", sub="a-subject")
    service.post(forged)
    refused = {"client": "st-elsewhere", "outcome": "bad-signature", "error_code": "login"}
    assert service.facts[-1] == refused
    service.post(token(stranger, iss="https://not-on-the-list.example", jti=JTI))
    assert service.facts[-1] == {"outcome": "unknown-issuer", "error_code": "login"}
    used = good(pair)
    service.post(used)
    service.post(used)
    written = capsys.readouterr().err
    assert written.count('"call answered"') == 4
    assert "replayed" in written
    kept_out = [JTI, "not-on-the-list", "a-tenant", "a-subject", "eyJ", "key-1", ISSUER]
    kept_out += forged.split(".") + used.split(".")
    assert not [words for words in kept_out if words in written]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
HEADS = st.dictionaries(
    st.sampled_from(["alg", "kid", "typ", "jku", "crit", "jwk", "b64", "x"]), JSON_VALUES
)
BODIES = st.dictionaries(
    st.sampled_from(["iss", "aud", "exp", "iat", "nbf", "jti", "sub", "tenant", "x"]), JSON_VALUES
)
QUIET = hypothesis_settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@QUIET
@given(head=HEADS, body=BODIES)
def test_whatever_a_client_signs_is_answered_and_never_breaks_the_service(
    service, pair, head, body
):
    made = raw(
        pair,
        head=json.dumps({**header(pair), **head}),
        body=json.dumps({**claims(), **body}),
    )
    assert service.post(made).status_code in (200, 401)


@QUIET
@given(text=st.text(alphabet=st.characters(codec="latin-1", exclude_characters="\r\n")))
def test_whatever_a_stranger_writes_is_refused(service, text):
    assert service.post(text).data == REFUSED


def test_signatures_are_compared_with_the_raw_form_not_der(service, pair):
    """An ES384 signature is r and s side by side, 96 bytes (RFC 7518, 3.4)."""
    good_one = good(pair)
    seal = good_one.rpartition(".")[2]
    assert len(base64.urlsafe_b64decode(seal + "==")) == 96
