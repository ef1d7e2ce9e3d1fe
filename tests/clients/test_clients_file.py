"""The file of clients: what it may say, and every mistake named at its place."""

import copy

import pytest

from cds_service.clients.model import Annotation, OrderCode
from cds_service.clients.read import ClientsRefused, read_clients
from tests.clients.tokens import ISSUER, ec_pair, rsa_pair

SANDBOX_KEY_ID = "44823f3d-0b01-4a6c-a80e-b9d3e8a7226f"
DROP = object()


@pytest.fixture
def entry(pair):
    return {
        "id": "st-elsewhere",
        "title": "St Elsewhere, production",
        "issuer": ISSUER,
        "jwks": {"keys": [copy.deepcopy(pair.jwk)]},
    }


def problems(*entries, **top):
    with pytest.raises(ClientsRefused) as refused:
        read_clients({"clients": list(entries), **top})
    return list(refused.value.problems)


def test_four_lines_are_enough_for_a_client(entry):
    client = read_clients({"clients": [entry]}).by_issuer(ISSUER)
    assert client.id == "st-elsewhere"
    assert [key.id for key in client.jwks] == ["key-1"]
    assert client.algorithms[:2] == ("ES384", "RS384")
    assert (client.token_lifetime, client.leeway, client.require_typ) == (900, 5, True)
    assert (client.dialect, client.tenants, client.fhir_servers) == ("2.0", (), ())
    assert (client.disabled_cards, client.max_cards_per_order) == (None, None)


def test_everything_that_can_be_agreed_with_a_client_can_be_written_down(entry):
    del entry["jwks"]
    entry |= {
        "jwks_url": "https://ehr.example/jwks.json",
        "jku_allowed": ["https://ehr.example/other.json"],
        "algorithms": ["RS384"],
        "tenants": ["north", "south"],
        "subject": "advisor-1",
        "audience": "imaging-advisor",
        "ignore_trailing_slash": True,
        "require_typ": False,
        "token_lifetime": 3600,
        "leeway": 60,
        "dialect": "epic",
        "fhir_servers": ["https://ehr.example/fhir/R4"],
        "origins": ["https://ehr.example", "http://localhost:*"],
        "annotation": {"mechanism": "G0000", "criteria_uri": "https://criteria.example/1"},
        "order_codes": {"mri-spine": [{"system": "urn:oid:1.2", "code": "77", "display": "MR"}]},
        "disabled_cards": ["radiation"],
        "max_cards_per_order": 1,
    }
    clients = read_clients({"clients": [entry]})
    client = clients.by_issuer(ISSUER)
    assert client.annotation == Annotation("G0000", "https://criteria.example/1")
    assert client.order_codes["mri-spine"] == (OrderCode("urn:oid:1.2", "77", "MR"),)
    assert (client.dialect, client.max_cards_per_order) == ("epic", 1)
    assert clients.origins == ("https://ehr.example", "http://localhost:*")
    assert not clients.local_mode


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        ({"id": DROP}, "clients[0]", "'id' is missing"),
        ({"title": DROP}, "clients[0]", "'title' is missing"),
        ({"issuer": DROP}, "clients[0]", "'issuer' is missing"),
        ({"id": "St Elsewhere"}, "clients[0].id", "in lower case with hyphens"),
        ({"id": "local"}, "clients[0].id", "stands for calls without a token"),
        ({"title": 7}, "clients[0].title", 'put quotes around it: "7"'),
        ({"title": " x"}, "clients[0].title", "without blanks at its ends"),
        ({"id": "north\n"}, "clients[0].id", "in lower case with hyphens"),
        ({"title": "North\n"}, "clients[0].title", "without line breaks"),
        ({"issuer": f"{ISSUER}\n"}, "clients[0].issuer", "in 'iss'"),
        ({"title": "x" * 300}, "clients[0].title", "…"),
        ({"issuer": "two words"}, "clients[0].issuer", "in 'iss'"),
        ({"isuer": "x"}, "clients[0].isuer", "did you mean 'issuer'"),
        ({"jwks": DROP}, "clients[0]", "the client has no keys"),
        ({"jwks": {"keys": []}}, "clients[0].jwks.keys", "this list is empty"),
        ({"jwks": {"keys": ["x"]}}, "clients[0].jwks.keys[0]", "needs a block of keys"),
        ({"jwks": "https://x.example"}, "clients[0].jwks", "needs a block of keys"),
        ({"jwks_url": "https://x.example/k"}, "clients[0].jwks_url", "not both"),
        ({"jwks_url": "ftp://x.example"}, "clients[0].jwks_url", "an address such as"),
        ({"jku_allowed": ["http://x.example/k"]}, "clients[0].jku_allowed[0]", "over https only"),
        ({"jku_allowed": ["https://u@x.example/"]}, "clients[0].jku_allowed[0]", "https only"),
        ({"algorithms": ["HS256"]}, "clients[0].algorithms[0]", "'HS256' cannot be used"),
        ({"algorithms": ["none"]}, "clients[0].algorithms[0]", "'none' cannot be used"),
        ({"algorithms": ["RS384"]}, "clients[0].jwks.keys[0]", "no signature by the client's"),
        ({"algorithms": ["ES384", "ES384"]}, "clients[0].algorithms", "is listed twice"),
        ({"tenants": []}, "clients[0].tenants", "this list is empty"),
        ({"tenants": "north"}, "clients[0].tenants", "needs a list"),
        ({"token_lifetime": 86400}, "clients[0].token_lifetime", "60 to 3600"),
        ({"token_lifetime": "900"}, "clients[0].token_lifetime", "needs a whole number"),
        ({"leeway": 61}, "clients[0].leeway", "0 to 60"),
        ({"require_typ": "no"}, "clients[0].require_typ", "needs true or false"),
        ({"dialect": 2.0}, "clients[0].dialect", 'put quotes around it: "2.0"'),
        ({"dialect": "Epic"}, "clients[0].dialect", "did you mean 'epic'"),
        ({"fhir_servers": ["https://x.example/a/../b"]}, "clients[0].fhir_servers[0]", "base URL"),
        ({"fhir_servers": ["https://x.example/a?b"]}, "clients[0].fhir_servers[0]", "base URL"),
        ({"fhir_servers": ["http://x.example/r4"]}, "clients[0].fhir_servers[0]", "https only"),
        ({"origins": ["https://x.example/"]}, "clients[0].origins[0]", "slash at its end"),
        ({"origins": ["*"]}, "clients[0].origins[0]", "cannot be used"),
        ({"origins": ["https://x.example:*"]}, "clients[0].origins[0]", "an origin is"),
        ({"annotation": {}}, "clients[0].annotation", "'mechanism' is missing"),
        ({"order_codes": {"ct": []}}, "clients[0].order_codes.ct", "this list is empty"),
        ({"order_codes": {"CT": [{"system": "s", "code": "1"}]}}, "clients[0].order_codes", "'CT'"),
        ({"order_codes": {"ct": [{"code": "1"}]}}, "clients[0].order_codes.ct[0]", "'system'"),
        ({"max_cards_per_order": 0}, "clients[0].max_cards_per_order", "1 to 20"),
    ],
)
def test_each_mistake_is_named_at_its_place(entry, change, place, words):
    entry |= change
    said = problems({name: value for name, value in entry.items() if value is not DROP})
    assert len(said) == 1
    assert said[0].startswith(f"{place}: ")
    assert words in said[0]


@pytest.mark.parametrize("data", [None, [], "clients", {}, {"clients": []}, {"clients": None}])
def test_a_file_without_clients_is_refused(data):
    with pytest.raises(ClientsRefused):
        read_clients(data)


def test_all_mistakes_are_told_at_once_and_where_the_reader_says_they_are(entry):
    entry |= {"leeway": -1, "colour": "red"}
    del entry["title"]
    with pytest.raises(ClientsRefused) as refused:
        read_clients({"clients": [entry]}, lambda path: f"clients.yaml:{len(path)}")
    assert len(refused.value.problems) == 3
    assert all(said.startswith("clients.yaml:") for said in refused.value.problems)


@pytest.mark.parametrize("name", ["id", "issuer"])
def test_two_clients_cannot_have_the_same_name_or_issuer(entry, name):
    other = {**entry, "id": "other", "issuer": "https://other.example"}
    said = problems(entry, {**other, name: entry[name]})
    taken = f"clients[0] has the {name} {entry[name]!r} too, and each client needs one of its own"
    assert said == [f"clients[1].{name}: {taken}"]


class TestKeysInTheFile:
    def test_a_private_key_is_refused_without_being_quoted(self, entry):
        entry["jwks"]["keys"][0]["d"] = "c2VjcmV0LW51bWJlcg"
        (said,) = problems(entry)
        assert "this key is private ('d' is a secret)" in said
        assert "c2VjcmV0LW51bWJlcg" not in said

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"kty": "oct", "k": "c2VjcmV0"}, "this key is private"),
            ({"kty": "OKP"}, "'kty' must be EC or RSA"),
            ({"kid": ""}, "'kid' must be"),
            ({"kid": 7}, "'kid' must be"),
            ({"use": "enc"}, "'use' must be sig"),
            ({"key_ops": ["sign"]}, "'key_ops' must contain verify"),
            ({"alg": "ES256"}, "'alg' does not go with"),
            ({"alg": "HS256"}, "'alg' does not go with"),
            ({"crv": "P-256"}, "not those of a usable key"),
            ({"crv": "secp256k1"}, "'crv' must be"),
            ({"x": "AAAA"}, "not those of a usable key"),
            ({"x": "!"}, "not those of a usable key"),
            ({"y": 12}, "each as text"),
        ],
    )
    def test_a_key_that_cannot_be_used_is_refused(self, entry, changes, words):
        entry["jwks"]["keys"][0] |= changes
        (said,) = problems(entry)
        assert said.startswith("clients[0].jwks.keys[0]: ")
        assert words in said

    def test_a_point_off_the_curve_is_refused(self, entry):
        other = ec_pair("other").jwk
        entry["jwks"]["keys"][0]["y"] = other["y"]
        assert "not those of a usable key" in problems(entry)[0]

    def test_a_short_rsa_key_is_refused(self, entry):
        entry["jwks"]["keys"] = [rsa_pair("short", bits=1024).jwk]
        assert "an RSA key must have 2048 to 8192 bits" in problems(entry)[0]

    def test_an_rsa_key_whose_exponent_is_one_is_refused(self, entry, rsa):
        entry["jwks"]["keys"] = [{**rsa.jwk, "e": "AQ"}]
        assert "not those of a usable key" in problems(entry)[0]

    def test_two_keys_of_one_kind_cannot_share_an_id(self, entry):
        entry["jwks"]["keys"].append(ec_pair("key-1").jwk)
        assert "another key of this client has the kid 'key-1'" in problems(entry)[0]


@pytest.mark.conformance(212)
class TestThePublicSandbox:
    SANDBOX = "https://sandbox.cds-hooks.org"

    @pytest.mark.parametrize(
        "change",
        [
            {"issuer": SANDBOX},
            {"issuer": f"{SANDBOX}/"},
            {"jku_allowed": [f"{SANDBOX}/.well-known/jwks.json"]},
            {"jwks": DROP, "jwks_url": f"{SANDBOX}/.well-known/jwks.json"},
            {"jwks": {"keys": [ec_pair(SANDBOX_KEY_ID).jwk]}},
        ],
    )
    def test_it_is_no_client_because_its_private_key_is_public(self, entry, change):
        entry |= change
        entry = {name: value for name, value in entry.items() if value is not DROP}
        assert "public CDS Hooks sandbox" in problems(entry)[0]
        assert read_clients({"clients": [entry], "allow_public_sandbox": True}).public_sandbox

    def test_leave_for_it_is_given_with_a_plain_true(self, entry):
        assert "needs true or false" in problems(entry, allow_public_sandbox="yes")[0]
