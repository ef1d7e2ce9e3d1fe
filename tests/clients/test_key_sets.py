"""Keys: agreed or fetched, kept, renewed when a client changes them, and never fetched at will."""

import threading
import time

import pytest

from cds_service.clients.fetch import KeySetUnavailable, fetch_key_set, may_be_fetched
from cds_service.clients.jwk import Key, read_key
from cds_service.clients.keys import KeySets
from cds_service.clients.model import Client
from cds_service.clients.refusal import Refusal, TokenRefused
from tests.clients.key_server import KeyServer
from tests.clients.tokens import ISSUER, ec_pair, rsa_pair

URL = "https://ehr.example/jwks.json"
HOUR, DAY = 3600, 86400


def client(**changes):
    return Client(**{"id": "c", "title": "C", "issuer": ISSUER, **changes})


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Publisher:
    """Stands in for the network: what each address gives, and how often it was asked."""

    def __init__(self):
        self.sets = {}
        self.asked = []

    def __call__(self, url):
        self.asked.append(url)
        if url not in self.sets:
            raise KeySetUnavailable("no answer")
        return {key.id: (key,) for key in self.sets[url]}


def key(key_id):
    return Key(key_id, "EC", "P-384", "", object())


def refusal(call):
    with pytest.raises(TokenRefused) as refused:
        call()
    return refused.value.reason


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def publisher():
    return Publisher()


@pytest.fixture
def keys(publisher, clock):
    return KeySets(publisher, clock)


@pytest.mark.conformance(205)
class TestAgreedKeys:
    def test_keys_written_in_the_file_are_used_without_any_request(self, keys, publisher):
        agreed = client(jwks=(key("a"), key("b")))
        assert keys.key(agreed, "b", "ES384").id == "b"
        assert refusal(lambda: keys.key(agreed, "c", "ES384")) is Refusal.UNKNOWN_KEY
        assert publisher.asked == []

    @pytest.mark.conformance(204)
    def test_an_address_in_the_token_is_ignored_where_none_was_agreed(self, keys, publisher):
        agreed = client(jwks=(key("a"),))
        assert keys.key(agreed, "a", "ES384", "https://evil.example/jwks.json").id == "a"
        assert publisher.asked == []


@pytest.mark.conformance(204, 206)
class TestAddressesInTokens:
    SITE = "https://ehr.example/site-7/jwks.json"

    def test_an_agreed_address_is_used(self, keys, publisher):
        publisher.sets = {URL: [key("a")], self.SITE: [key("b")]}
        agreed = client(jwks_url=URL, jku_allowed=(self.SITE,))
        assert keys.key(agreed, "b", "ES384", self.SITE).id == "b"
        assert keys.key(agreed, "a", "ES384", URL).id == "a"
        assert keys.key(agreed, "a", "ES384").id == "a"

    @pytest.mark.parametrize(
        "jku",
        [
            "https://evil.example/jwks.json",
            f"{SITE}/",
            f"{SITE}?",
            f"{SITE}#",
            SITE.upper(),
            "https://ehr.example@evil.example/site-7/jwks.json",
            "http://169.254.169.254/latest/meta-data",
            "file:///etc/passwd",
            "",
            7,
            [SITE],
        ],
    )
    def test_any_other_is_refused_and_not_asked(self, keys, publisher, jku):
        agreed = client(jku_allowed=(self.SITE,))
        why = refusal(lambda: keys.key(agreed, "a", "ES384", jku))
        assert why is Refusal.KEY_SET_NOT_ALLOWED
        assert publisher.asked == []

    def test_a_client_known_by_such_addresses_only_has_to_name_one(self, keys):
        agreed = client(jku_allowed=(self.SITE,))
        assert refusal(lambda: keys.key(agreed, "a", "ES384")) is Refusal.KEY_SET_NOT_ALLOWED


@pytest.mark.conformance(208)
class TestKeysThatChange:
    def test_keys_are_fetched_once_an_hour(self, keys, publisher, clock):
        publisher.sets = {URL: [key("a")]}
        for _ in range(3):
            keys.key(client(jwks_url=URL), "a", "ES384")
        assert len(publisher.asked) == 1
        clock.now += HOUR
        keys.key(client(jwks_url=URL), "a", "ES384")
        assert len(publisher.asked) == 2

    def test_a_new_key_is_found_at_its_first_use_and_an_old_one_goes(self, keys, publisher):
        publisher.sets = {URL: [key("a")]}
        keys.key(client(jwks_url=URL), "a", "ES384")
        publisher.sets = {URL: [key("b")]}
        assert keys.key(client(jwks_url=URL), "b", "ES384").id == "b"
        assert refusal(lambda: keys.key(client(jwks_url=URL), "a", "ES384")) is Refusal.UNKNOWN_KEY

    def test_unknown_keys_cause_one_request_a_minute_however_many_are_tried(
        self, keys, publisher, clock
    ):
        sites = (URL, "https://ehr.example/2.json")
        publisher.sets = {url: [key("a")] for url in sites}
        agreed = client(jku_allowed=sites)
        for url in sites:
            keys.key(agreed, "a", "ES384", url)
        for number in range(50):
            url = sites[number % 2]
            why = refusal(lambda name=f"x{number}", at=url: keys.key(agreed, name, "ES384", at))
            assert why is Refusal.UNKNOWN_KEY
        assert len(publisher.asked) == 2 + 1
        clock.now += 60
        refusal(lambda: keys.key(agreed, "x", "ES384", URL))
        assert len(publisher.asked) == 2 + 2

    def test_one_client_does_not_use_up_the_requests_of_another(self, keys, publisher):
        publisher.sets = {URL: [key("a")]}
        for issuer in ("https://one.example", "https://two.example"):
            keys.key(client(issuer=issuer, jwks_url=URL), "a", "ES384")
            refusal(lambda by=issuer: keys.key(client(issuer=by, jwks_url=URL), "x", "ES384"))
        assert len(publisher.asked) == 4

    def test_many_calls_at_once_cause_one_request(self, clock):
        asked = []

        def slowly(url):
            asked.append(url)
            time.sleep(0.05)
            return {"a": (key("a"),)}

        keys, found = KeySets(slowly, clock), []
        threads = [
            threading.Thread(
                target=lambda: found.append(keys.key(client(jwks_url=URL), "a", "ES384"))
            )
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 8
        assert len(asked) == 1

    def test_with_an_old_key_nobody_waits_for_the_new_ones(self, clock):
        asking, answer = threading.Event(), threading.Event()
        first = iter([True])

        def slowly(_url):
            if not next(first, False):
                asking.set()
                assert answer.wait(60)
            return {"a": (key("a"),)}

        keys = KeySets(slowly, clock)
        keys.key(client(jwks_url=URL), "a", "ES384")
        clock.now += HOUR
        renewing = threading.Thread(target=keys.key, args=(client(jwks_url=URL), "a", "ES384"))
        renewing.start()
        assert asking.wait(60)
        assert keys.key(client(jwks_url=URL), "a", "ES384").id == "a"
        answer.set()
        renewing.join()


class TestAnAddressThatDoesNotAnswer:
    def test_the_old_keys_are_used_for_a_day(self, keys, publisher, clock):
        publisher.sets = {URL: [key("a")]}
        keys.key(client(jwks_url=URL), "a", "ES384")
        publisher.sets = {}
        for _ in range(23):
            clock.now += HOUR
            assert keys.key(client(jwks_url=URL), "a", "ES384").id == "a"
        clock.now += HOUR
        why = refusal(lambda: keys.key(client(jwks_url=URL), "a", "ES384"))
        assert why is Refusal.KEY_SET_UNAVAILABLE

    def test_a_refetch_that_fails_keeps_the_keys(self, keys, publisher):
        publisher.sets = {URL: [key("a")]}
        keys.key(client(jwks_url=URL), "a", "ES384")
        publisher.sets = {}
        assert refusal(lambda: keys.key(client(jwks_url=URL), "b", "ES384")) is Refusal.UNKNOWN_KEY
        assert keys.key(client(jwks_url=URL), "a", "ES384").id == "a"

    def test_it_is_not_asked_again_at_once(self, keys, publisher, clock):
        for _ in range(5):
            why = refusal(lambda: keys.key(client(jwks_url=URL), "a", "ES384"))
            assert why is Refusal.KEY_SET_UNAVAILABLE
        assert len(publisher.asked) == 1
        publisher.sets = {URL: [key("a")]}
        clock.now += 10
        assert keys.key(client(jwks_url=URL), "a", "ES384").id == "a"


@pytest.mark.conformance(209)
class TestKeysThatFitTheAlgorithm:
    @pytest.mark.parametrize(
        ("curve", "algorithm"), [("P-256", "ES256"), ("P-384", "ES384"), ("P-521", "ES512")]
    )
    def test_a_curve_goes_with_one_algorithm(self, curve, algorithm):
        found = read_key(ec_pair("k", curve).jwk)
        fitting = [
            name
            for name in ("ES256", "ES384", "ES512", "ES256K", "RS384", "PS384", "HS384", "none", "")
            if found.fits(name)
        ]
        assert fitting == [algorithm]

    def test_an_rsa_key_goes_with_rsa_algorithms_only(self, rsa):
        found = read_key(rsa.jwk)
        assert found.fits("RS384")
        assert found.fits("PS512")
        assert not any(found.fits(name) for name in ("ES384", "HS256", "none", "RSA-OAEP", "RS1"))

    def test_a_key_with_an_algorithm_is_for_that_one_only(self, rsa):
        found = read_key({**rsa.jwk, "alg": "RS384"})
        assert found.fits("RS384")
        assert not found.fits("RS256")
        assert not found.fits("PS384")

    def test_a_key_that_does_not_fit_is_not_used(self, keys):
        agreed = client(jwks=(key("a"),))
        assert refusal(lambda: keys.key(agreed, "a", "RS384")) is Refusal.KEY_DOES_NOT_FIT

    def test_keys_of_two_kinds_may_share_an_id(self, keys, pair, rsa):
        both = client(jwks=(read_key(pair.jwk), read_key({**rsa.jwk, "kid": pair.id})))
        assert keys.key(both, pair.id, "RS384").family == "RSA"
        assert keys.key(both, pair.id, "ES384").family == "EC"


class TestFetching:
    def test_the_usable_keys_of_a_real_server_are_found(self, pair, rsa):
        unusable = [
            {**pair.jwk, "kid": "private", "d": "AAAA"},
            {**pair.jwk, "kid": "for-encryption", "use": "enc"},
            {"kty": "oct", "k": "AAAA", "kid": "shared"},
            {"kty": "OKP", "crv": "Ed25519", "x": "AAAA", "kid": "other"},
            rsa_pair("short", 1024).jwk,
            {"kty": "EC"},
            "text",
            None,
        ]
        with KeyServer(pair.jwk, rsa.jwk, *unusable) as server:
            assert set(fetch_key_set(server.url)) == {"key-1", "rsa-1"}
        assert "Authorization" not in server.requests[0]

    def test_nothing_is_taken_from_the_environment(self, pair, monkeypatch):
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        with KeyServer(pair.jwk) as server:
            assert set(fetch_key_set(server.url)) == {"key-1"}

    @pytest.mark.parametrize(
        "change",
        [
            {"status": 404},
            {"status": 500},
            {"status": 204, "body": b""},
            {"body": b"<html>"},
            {"body": b"[]"},
            {"body": b'{"keys": {}}'},
            {"body": b'{"key": []}'},
            {"body": b'{"keys": [' + b"1," * 200 + b"1]}"},
            {"body": b" " * (256 * 1024) + b'{"keys": []}'},
            {"body": b"[" * 100_000},
            {"body": b"\xff\xfe\xff"},
        ],
    )
    def test_what_is_no_key_set_is_refused(self, pair, change):
        with KeyServer(pair.jwk) as server:
            for name, value in change.items():
                setattr(server, name, value)
            with pytest.raises(KeySetUnavailable):
                fetch_key_set(server.url)

    def test_a_redirect_is_not_followed(self, pair):
        with KeyServer(pair.jwk) as elsewhere, KeyServer(pair.jwk) as server:
            server.status, server.location = 302, elsewhere.url
            with pytest.raises(KeySetUnavailable, match="status 302"):
                fetch_key_set(server.url)
            assert elsewhere.requests == []

    def test_a_server_that_drips_is_given_up_after_two_seconds(self, pair):
        with KeyServer(pair.jwk) as server:
            server.drip = 0.1
            started = time.monotonic()
            with pytest.raises(KeySetUnavailable, match="too slow"):
                fetch_key_set(server.url)
            assert time.monotonic() - started < 25  # all would be there after 30

    def test_a_closed_port_is_no_key_set(self, pair):
        with KeyServer(pair.jwk) as server:
            url = server.url
        with pytest.raises(KeySetUnavailable) as problem:
            fetch_key_set(url)
        assert "127.0.0.1" not in str(problem.value)
        assert problem.value.__cause__ is None

    @pytest.mark.parametrize(
        "url",
        [
            "http://ehr.example/jwks.json",
            "ftp://ehr.example/jwks.json",
            "file:///etc/passwd",
            "http://127.0.0.1.evil.example/",
            "http://localhost@evil.example/",
            "https://user:pass@ehr.example/",
            "https://ehr.example\\@evil.example/",
            "",
        ],
    )
    def test_key_sets_are_fetched_over_https_only(self, url):
        assert not may_be_fetched(url)
        with pytest.raises(KeySetUnavailable):
            fetch_key_set(url)

    @pytest.mark.parametrize("url", ["https://ehr.example/k", "http://127.0.0.1:1/k"])
    def test_https_and_this_machine_may_be_asked(self, url):
        assert may_be_fetched(url)
