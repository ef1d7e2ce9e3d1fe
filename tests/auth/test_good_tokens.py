"""The tokens of real clients are accepted, with what was agreed with each."""

import pytest

from cds_service.clients.fetch import fetch_key_set
from cds_service.clients.jwk import ALGORITHMS, read_key
from cds_service.clients.model import Client, Clients
from cds_service.clients.refusal import Refusal
from cds_service.clients.replays import ReplaysUnavailable
from cds_service.settings import SettingsError
from cds_service.web.auth import audience_urls
from tests.auth.conftest import JKU, Service, site
from tests.clients.key_server import KeyServer
from tests.clients.tokens import BASE, ISSUER, SECONDS, SELECT, ec_pair, token

URL = BASE + SELECT
FEEDBACK = f"{SELECT}/feedback"


@pytest.mark.conformance(196)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_accepted_algorithm_works(service, pair, rsa, curves, algorithm):
    with_key = {"ES384": pair, **curves}.get(algorithm, rsa)
    answer = service.post(token(with_key, algorithm))
    assert answer.status_code == 200
    assert answer.json == {"caller": "st-elsewhere"}
    assert "WWW-Authenticate" not in answer.headers


@pytest.mark.conformance(196)
def test_a_client_may_be_held_to_one_algorithm(serve, pair, rsa):
    service = serve(algorithms=("RS384",))
    assert service.post(token(pair)).status_code == 401
    assert service.reason == Refusal.ALGORITHM_NOT_ALLOWED
    assert service.post(token(rsa, "PS384")).status_code == 401
    assert service.post(token(rsa, "RS384")).status_code == 200


@pytest.mark.conformance(192)
@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER  "])
def test_the_word_bearer_may_be_written_in_any_case(service, pair, scheme):
    headers = {"Authorization": scheme + token(pair)}
    assert service.post(None, headers=headers).status_code == 200


@pytest.mark.conformance(193)
@pytest.mark.parametrize(("typ", "status"), [("JWT", 200), ("jwt", 200), ("JOSE", 401)])
def test_the_type_of_a_token_is_jwt(service, pair, typ, status):
    assert service.post(token(pair, head={"typ": typ})).status_code == status


@pytest.mark.conformance(193)
def test_a_client_may_be_allowed_to_leave_the_type_out_but_not_to_give_another(serve, pair):
    service = serve(require_typ=False)
    assert service.post(token(pair, head={"typ": None})).status_code == 200
    assert service.post(token(pair, head={"typ": "at+jwt"})).status_code == 401


class TestAudience:
    @pytest.mark.conformance(198)
    @pytest.mark.parametrize("audience", [URL, [URL], ["https://other.example", URL]])
    def test_it_is_the_address_called_alone_or_in_a_list(self, service, pair, audience):
        assert service.post(token(pair, audience=audience)).status_code == 200

    @pytest.mark.conformance(198)
    def test_a_slash_at_its_end_is_tolerated_both_ways_if_agreed(self, serve, pair):
        service = serve(ignore_trailing_slash=True)
        assert service.post(token(pair, audience=f"{URL}/")).status_code == 200
        slashed = service.http.get(
            "/cds-services/",
            headers={"Authorization": f"Bearer {token(pair, audience=f'{BASE}/cds-services')}"},
        )
        assert slashed.status_code == 200
        assert service.post(token(pair, audience=f"{BASE}/")).status_code == 401

    @pytest.mark.conformance(198)
    def test_a_client_that_always_sends_one_value_may_have_that_agreed(self, serve, pair):
        service = serve(audience="imaging-advisor")
        assert service.post(token(pair, audience="imaging-advisor")).status_code == 200
        assert service.post(token(pair, audience=URL)).status_code == 401

    @pytest.mark.conformance(188)
    @pytest.mark.parametrize("audience", [URL, f"{URL}/feedback"])
    def test_for_feedback_it_is_the_address_of_feedback_or_of_the_service(
        self, service, pair, audience
    ):
        assert service.post(token(pair, audience=audience), FEEDBACK).status_code == 200

    @pytest.mark.conformance(188)
    def test_a_token_for_feedback_does_not_call_the_service(self, service, pair):
        assert service.post(token(pair, audience=f"{URL}/feedback")).status_code == 401

    @pytest.mark.parametrize("doubled", [True, False])
    def test_a_doubled_slash_is_no_other_address(self, service, pair, doubled):
        called = SELECT.replace("/imaging", "//imaging")
        audience = BASE + (called if doubled else SELECT)
        assert service.post(token(pair, audience=audience), called).status_code == 200

    def test_a_base_url_with_a_path_is_part_of_it(self):
        assert audience_urls("https://x.example/cds", "/cds-services") == (
            "https://x.example/cds/cds-services",
        )

    @pytest.mark.conformance(199)
    def test_without_a_public_address_the_service_does_not_start(self, pair):
        with pytest.raises(SettingsError, match="CDS_BASE_URL must be set"):
            Service(Clients((site(pair),)), base_url="")


class TestTime:
    @pytest.mark.conformance(202)
    @pytest.mark.parametrize(
        ("ahead", "status"), [(0.5, 200), (4.9, 200), (5, 200), (5.1, 401), (3600, 401)]
    )
    def test_the_clock_of_a_client_may_be_five_seconds_ahead(self, service, pair, ahead, status):
        made = token(pair, iat=SECONDS + ahead, exp=SECONDS + ahead + 300)
        assert service.post(made).status_code == status

    @pytest.mark.conformance(200)
    @pytest.mark.parametrize(("ago", "status"), [(0, 200), (4.9, 200), (5, 401), (60, 401)])
    def test_the_clock_of_a_client_may_be_five_seconds_behind(self, service, pair, ago, status):
        made = token(pair, iat=SECONDS - 300 - ago, exp=SECONDS - ago)
        assert service.post(made).status_code == status

    @pytest.mark.conformance(200)
    def test_more_may_be_agreed(self, serve, pair):
        service = serve(leeway=60)
        assert service.post(token(pair, iat=SECONDS + 60, exp=SECONDS + 90)).status_code == 200
        assert service.post(token(pair, iat=SECONDS + 61, exp=SECONDS + 90)).status_code == 401

    @pytest.mark.conformance(201)
    @pytest.mark.parametrize(("life", "status"), [(900, 200), (901, 401), (86400, 401)])
    def test_a_token_may_live_for_fifteen_minutes(self, service, pair, life, status):
        assert service.post(token(pair, exp=SECONDS + life)).status_code == status

    @pytest.mark.conformance(201)
    def test_a_longer_life_may_be_agreed(self, serve, pair):
        assert serve(token_lifetime=3600).post(token(pair, exp=SECONDS + 3600)).status_code == 200

    @pytest.mark.conformance(202)
    @pytest.mark.parametrize(("nbf", "status"), [(-300, 200), (0, 200), (5, 200), (6, 401)])
    def test_a_token_is_not_used_before_its_time(self, service, pair, nbf, status):
        assert service.post(token(pair, nbf=SECONDS + nbf)).status_code == status


@pytest.mark.conformance(210)
class TestTenants:
    @pytest.mark.parametrize(
        ("tenant", "status"),
        [
            ("north", 200),
            ("south", 200),
            ("east", 401),
            ("North", 401),
            ("", 401),
            (None, 401),
            (["north"], 401),
        ],
    )
    def test_where_tenants_are_listed_a_token_names_one_of_them(
        self, serve, pair, tenant, status
    ):  # fmt: skip
        service = serve(tenants=("north", "south"))
        assert service.post(token(pair, tenant=tenant)).status_code == status
        assert service.reason == (Refusal.WRONG_TENANT if status == 401 else None)

    def test_where_none_are_listed_it_may_name_any(self, service, pair):
        assert service.post(token(pair, tenant="anyone")).status_code == 200


@pytest.mark.conformance(201, 202, 206)
class TestEpic:
    """Tokens as Epic's sample has them: RS384, nbf five minutes back, life fifteen minutes."""

    @staticmethod
    def made(rsa, **changes):
        times = {"nbf": SECONDS - 300, "exp": SECONDS + 900}
        return token(rsa, "RS384", {"jku": JKU}, **{**times, "sub": "advisor-at-epic", **changes})

    @pytest.fixture
    def epic(self, serve, rsa):
        key = read_key(rsa.jwk)
        return serve(
            jwks=None,
            jku_allowed=(JKU,),
            algorithms=("RS384",),
            subject="advisor-at-epic",
            dialect="epic",
            service={"fetch": lambda _url: {key.id: (key,)}},
        )

    def test_they_are_accepted(self, epic, rsa):
        assert epic.post(self.made(rsa)).status_code == 200
        assert epic.callers[-1].dialect == "epic"
        assert epic.asked == [JKU]

    @pytest.mark.parametrize("sub", ["another-service", "", None, 7, ["advisor-at-epic"]])
    def test_those_for_another_service_of_the_same_site_are_refused(self, epic, rsa, sub):
        assert epic.post(self.made(rsa, sub=sub)).status_code == 401
        assert epic.reason == Refusal.WRONG_SUBJECT
        assert epic.asked == []


@pytest.mark.conformance(202, 212)
class TestThePublicSandbox:
    """Its tokens: ES384, five minutes, iat rounded up to half a second ahead, a jku."""

    ISSUER = "https://sandbox.cds-hooks.org"
    KEY_ID = "44823f3d-0b01-4a6c-a80e-b9d3e8a7226f"
    HEAD = {"jku": f"{ISSUER}/.well-known/jwks.json"}  # noqa: RUF012 - read only

    @pytest.mark.parametrize("allowed", [True, False])
    def test_it_works_where_it_is_allowed_and_needs_no_network_with_its_key_in_the_file(
        self, allowed, no_network
    ):
        sandbox = ec_pair(self.KEY_ID)
        client = site(sandbox, id="sandbox", issuer=self.ISSUER, dialect="sandbox")
        service = Service(Clients((client,), public_sandbox=allowed))
        service.later(-0.5)
        for path in (SELECT, FEEDBACK, "/cds-services//imaging-order-select"):
            made = token(sandbox, head=self.HEAD, iss=self.ISSUER, audience=BASE + path)
            assert service.post(made, path).status_code == (200 if allowed else 401)
        assert no_network == []


@pytest.mark.conformance(208)
class TestKeysThatChange:
    """A real server of keys, whose keys change while the service runs."""

    @pytest.fixture
    def server(self, pair):
        with KeyServer(pair.jwk) as server:
            yield server

    @pytest.fixture
    def service(self, serve, server):
        return serve(jwks=None, jwks_url=server.url, service={"fetch": fetch_key_set})

    def test_a_new_key_works_at_once_and_the_old_one_no_longer(self, service, server, pair):
        assert service.post(token(pair)).status_code == 200
        new = ec_pair("key-2")
        server.keys = [new.jwk]
        assert service.post(token(new)).status_code == 200
        assert service.post(token(pair)).status_code == 401
        assert service.reason == Refusal.UNKNOWN_KEY
        assert len(server.requests) == 2

    def test_made_up_keys_cause_one_request_and_no_more(self, service, server, pair):
        assert service.post(token(pair)).status_code == 200
        for number in range(20):
            assert service.post(token(pair, head={"kid": f"made-up-{number}"})).status_code == 401
        assert len(server.requests) == 2
        assert service.post(token(pair)).status_code == 200

    def test_a_key_server_that_fails_refuses_nobody_known(self, service, server, pair):
        assert service.post(token(pair)).status_code == 200
        server.status = 500
        assert service.post(token(pair, head={"kid": "made-up"})).status_code == 401
        assert service.post(token(pair)).status_code == 200

    def test_a_forged_token_of_a_known_key_causes_no_request(self, service, server, pair):
        assert service.post(token(pair)).status_code == 200
        forged = ec_pair(pair.id)
        for _ in range(5):
            assert service.post(token(forged)).status_code == 401
        assert len(server.requests) == 1


class TestDiscovery:
    URL = f"{BASE}/cds-services"

    def get(self, service, made=None, path="/cds-services"):
        headers = {"Authorization": f"Bearer {made}"} if made is not None else {}
        return service.http.get(path, headers=headers)

    @pytest.mark.conformance(192)
    @pytest.mark.parametrize("path", ["/cds-services", "/cds-services/"])
    def test_it_may_be_read_without_a_token_by_nobody_in_particular(self, service, path):
        assert self.get(service, path=path).json == {"caller": "anonymous"}
        assert service.http.head(path).status_code == 200

    @pytest.mark.conformance(192)
    def test_a_token_is_checked_though(self, service, pair, stranger):
        assert self.get(service, token(pair, audience=self.URL)).json == {"caller": "st-elsewhere"}
        assert self.get(service, token(stranger, audience=self.URL)).status_code == 401
        assert self.get(service, token(pair, audience=URL)).status_code == 401
        for value in ("", "Bearer", "Basic eDp5"):
            answer = service.http.get("/cds-services", headers={"Authorization": value})
            assert answer.status_code == 401

    @pytest.mark.conformance(191, 192)
    def test_a_site_may_close_it(self, serve, pair):
        service = serve(service={"open_discovery": False})
        assert self.get(service).status_code == 401
        assert self.get(service, token(pair, audience=self.URL)).status_code == 200

    @pytest.mark.conformance(192)
    @pytest.mark.parametrize("path", [SELECT, FEEDBACK, "/cds-services//imaging-order-select"])
    def test_nothing_else_is_open(self, service, path):
        assert service.post(None, path).status_code == 401


class TestReplayStoreDown:
    class Down:
        def first_use(self, *_):
            raise ReplaysUnavailable

    @pytest.mark.conformance(203)
    def test_a_good_token_is_told_to_come_again(self, serve, pair, stranger):
        service = serve(service={"replays": self.Down()})
        answer = service.post(token(pair))
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
        assert answer.json["issue"][0]["code"] == "transient"
        assert "WWW-Authenticate" not in answer.headers
        assert service.callers == []

    def test_a_forged_token_is_still_just_refused(self, serve, stranger):
        service = serve(service={"replays": self.Down()})
        assert service.post(token(stranger)).status_code == 401


class TestReload:
    def test_a_client_that_is_taken_off_the_list_is_refused_from_then_on(self, service, pair):
        assert service.post(token(pair)).status_code == 200
        other = Client(id="other", title="Other", issuer="https://other.example", jwks=())
        service.registry.replace(Clients((other,)))
        assert service.post(token(pair)).status_code == 401
        assert service.reason == Refusal.UNKNOWN_ISSUER

    def test_a_key_that_is_taken_off_the_list_is_refused_from_then_on(self, service, pair, rsa):
        assert service.post(token(pair)).status_code == 200
        service.registry.replace(Clients((site(rsa),)))
        assert service.post(token(pair)).status_code == 401
        assert service.post(token(rsa, "RS384")).status_code == 200

    def test_a_used_token_stays_used(self, service, pair):
        used = token(pair)
        assert service.post(used).status_code == 200
        service.registry.replace(Clients((site(pair),)))
        assert service.post(used).status_code == 401


def test_two_clients_cannot_use_each_others_keys(pair, rsa):
    south = "https://south.example"
    service = Service(Clients((site(pair), site(rsa, id="south", issuer=south))))
    assert service.post(token(rsa, "RS384", iss=south)).json == {"caller": "south"}
    assert service.post(token(rsa, "RS384", iss=ISSUER)).status_code == 401
    assert service.post(token(pair, iss=south)).status_code == 401


def test_no_key_is_fetched_before_a_token_needs_it(pair, no_network):
    service = Service(Clients((site(pair, jwks=None, jwks_url=JKU),)))
    assert service.asked == no_network == []


class TestCallsThatTheProxyRepeats:
    ID = "0f3c6f0a9a7d4f8e8d0e2b1c5a697887"

    def twice(self, service, pair, first, second):
        """Return the status of the second of two calls with one token."""
        signed = token(pair)
        assert service.post(signed, headers=first).status_code == 200
        return service.post(signed, headers=second).status_code

    def test_a_call_may_come_again_under_the_name_that_the_proxy_gave_it(self, serve, pair):
        service = serve(service={"call_id_header": "X-Request-ID"})
        named = {"X-Request-ID": self.ID}
        assert self.twice(service, pair, named, named) == 200

    @pytest.mark.conformance(203)
    @pytest.mark.parametrize(
        ("first", "second"),
        [
            ({"X-Request-ID": ID}, {"X-Request-ID": ID[::-1]}),
            ({"X-Request-ID": ID}, {}),
            ({}, {"X-Request-ID": ID}),
            ({}, {}),
            ({"X-Request-ID": "1"}, {"X-Request-ID": "1"}),
            ({"X-Request-ID": "g" * 32}, {"X-Request-ID": "g" * 32}),
            ({"X-Correlation-ID": ID}, {"X-Correlation-ID": ID}),
        ],
    )
    def test_any_other_second_use_is_refused(self, serve, pair, first, second):
        service = serve(service={"call_id_header": "X-Request-ID"})
        assert self.twice(service, pair, first, second) == 401
        assert service.reason == Refusal.REPLAYED

    @pytest.mark.conformance(203)
    def test_unless_the_site_says_that_its_proxy_names_calls_a_name_means_nothing(
        self, service, pair
    ):
        named = {"X-Request-ID": self.ID}
        assert self.twice(service, pair, named, named) == 401
