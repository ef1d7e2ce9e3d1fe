"""Who sees the insights, and that everybody else is refused, page and file alike."""

import base64
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.settings import Settings, SettingsError
from cds_service.web.insights.sign_in import gate
from cds_service.web.insights.throttle import MOST, WINDOW, Throttle
from cds_service.web.insights.users import is_password, new_line, read_users
from tests.web.insights.conftest import Open

NAME, PASSWORD = "informatics", "correct horse battery"
BASE = "https://cds.example"
PATHS = ("/insights", "/insights/summary.csv")
LINE = new_line(NAME, PASSWORD)


def basic(name: str = NAME, password: str = PASSWORD) -> dict[str, str]:
    told = base64.b64encode(f"{name}:{password}".encode()).decode()
    return {"Authorization": f"Basic {told}"}


@pytest.fixture
def users_file(tmp_path: Path) -> Path:
    path = tmp_path / "users"
    path.write_text(f"# who may see the insights\n\n{LINE}\n")
    return path


@pytest.fixture
def with_users(site: Open, users_file: Path) -> FlaskClient:
    return site(local=False, insights="users", insights_users_file=users_file, base_url=BASE)


@pytest.fixture
def behind_proxy(site: Open) -> FlaskClient:
    return site(
        local=False, insights="proxy", insights_proxy=("10.0.0.7/32", "::1/128"), base_url=BASE
    )


def get(client: FlaskClient, path: str = "/insights", base: str = BASE, **more: Any) -> Any:
    return client.get(path, base_url=base, **more)


class TestLocally:
    @pytest.mark.parametrize("path", PATHS)
    def test_this_machine_sees_them_without_more_ado(self, site: Open, path: str):
        assert site().get(path).status_code == 200

    @pytest.mark.parametrize("path", PATHS)
    @pytest.mark.parametrize(
        "call",
        [
            {"environ_base": {"REMOTE_ADDR": "10.1.2.3"}},
            {"headers": {"X-Forwarded-For": "10.1.2.3"}},
            {"base_url": "http://rebound.example"},
        ],
        ids=["another machine", "through a gateway", "another host name"],
    )
    def test_others_are_refused(self, site: Open, path: str, call: dict[str, Any]):
        response = site().get(path, **call)
        assert response.status_code == 403
        assert response.headers["Cache-Control"] == "no-store"

    @pytest.mark.parametrize("path", PATHS)
    def test_where_clients_sign_in_there_are_none_unless_they_are_asked_for(
        self, site: Open, path: str
    ):
        assert site(local=False, base_url=BASE).get(path).status_code == 404

    def test_they_can_be_switched_off(self, site: Open):
        assert site(insights="off").get("/insights").status_code == 404


class TestPagesOfOtherSites:
    @pytest.mark.parametrize("site_of_caller", ["cross-site", "same-site"])
    @pytest.mark.parametrize(
        ("mode", "destination"),
        [("no-cors", "image"), ("cors", "empty"), ("navigate", "iframe")],
    )
    def test_they_cannot_load_the_insights(
        self, site: Open, site_of_caller: str, mode: str, destination: str
    ):
        headers = {
            "Sec-Fetch-Site": site_of_caller,
            "Sec-Fetch-Mode": mode,
            "Sec-Fetch-Dest": destination,
        }
        for path in PATHS:
            assert site().get(path, headers=headers).status_code == 403

    def test_a_link_that_somebody_follows_leads_there(self, site: Open):
        headers = {
            "Sec-Fetch-Site": "cross-site",
            "Sec-Fetch-Mode": "navigate",
            "Sec-Fetch-Dest": "document",
        }
        assert site().get("/insights", headers=headers).status_code == 200

    def test_nor_with_the_password_of_a_person_or_the_word_of_the_proxy(
        self, with_users: FlaskClient, behind_proxy: FlaskClient
    ):
        embedded = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
        assert get(with_users, headers={**basic(), **embedded}).status_code == 403
        named = {"X-Forwarded-User": "ann", **embedded}
        at = {"REMOTE_ADDR": "10.0.0.7"}
        assert get(behind_proxy, headers=named, environ_base=at).status_code == 403


class TestWithAPassword:
    @pytest.mark.parametrize("path", PATHS)
    def test_a_person_on_the_list_sees_them_from_anywhere(self, with_users: FlaskClient, path: str):
        at = {"REMOTE_ADDR": "10.1.2.3"}
        response = get(with_users, path, headers=basic(), environ_base=at)
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in response.headers

    @pytest.mark.parametrize("path", PATHS)
    @pytest.mark.parametrize(
        "headers",
        [
            {},
            basic(password="correct horse battery!"),
            basic(name="somebody"),
            basic(name=""),
            basic(password="x" * 5000),
            {"Authorization": "Bearer correct"},
            {"Authorization": "Basic %%%"},
        ],
        ids=["nobody", "wrong password", "unknown", "no name", "endless", "token", "garbage"],
    )
    def test_others_are_asked_and_learn_nothing(
        self, with_users: FlaskClient, path: str, headers: dict[str, str]
    ):
        response = get(with_users, path, headers=headers)
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"].startswith('Basic realm="')
        assert response.headers["Cache-Control"] == "no-store"
        assert "Sign in to see the insights." in response.text
        assert NAME not in response.text

    def test_a_refused_file_has_the_one_shape_of_errors(self, with_users: FlaskClient):
        body = get(with_users, "/insights/summary.csv").json
        assert body["resourceType"] == "OperationOutcome"
        assert body["issue"][0]["code"] == "login"

    def test_at_another_host_name_there_is_no_asking(self, with_users: FlaskClient):
        response = get(with_users, base="https://other.example", headers=basic())
        assert response.status_code == 403
        assert "WWW-Authenticate" not in response.headers

    def test_after_some_wrong_passwords_even_the_right_one_has_to_wait(
        self, with_users: FlaskClient
    ):
        for _ in range(MOST):
            assert get(with_users, headers=basic(password="wrong")).status_code == 401
        response = get(with_users, headers=basic())
        assert response.status_code == 429
        assert 0 < int(response.headers["Retry-After"]) <= WINDOW
        as_file = get(with_users, "/insights/summary.csv", headers=basic())
        assert (as_file.status_code, as_file.json["issue"][0]["code"]) == (429, "throttled")

    def test_passwords_tried_at_the_same_time_are_no_more_than_those_one_after_the_other(
        self, with_users: FlaskClient, monkeypatch: pytest.MonkeyPatch
    ):
        tried: list[str] = []

        def slow(_users: object, _name: str, password: str) -> bool:
            tried.append(password)
            time.sleep(0.02)
            return False

        monkeypatch.setattr("cds_service.web.insights.sign_in.is_password", slow)

        def attempt(number: int) -> int:
            client = with_users.application.test_client()
            status: int = get(client, headers=basic(password=f"guess {number}")).status_code
            return status

        with ThreadPoolExecutor(4 * MOST) as threads:
            answers = list(threads.map(attempt, range(4 * MOST)))
        assert len(tried) == MOST
        assert sorted(answers) == [401] * MOST + [429] * (3 * MOST)

    def test_who_waits_for_others_to_be_signed_in_is_told_so(
        self, with_users: FlaskClient, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr("cds_service.web.insights.sign_in._LONGEST_WAIT", 0.01)
        inside: list[Any] = []

        def meanwhile(_users: object, _name: str, _password: str) -> bool:
            if not inside:
                inside.append(None)
                inside[0] = get(with_users.application.test_client(), headers=basic())
            return True

        monkeypatch.setattr("cds_service.web.insights.sign_in.is_password", meanwhile)
        assert get(with_users, headers=basic()).status_code == 200
        assert inside[0].status_code == 429
        assert "Others are signing in" in inside[0].text

    def test_an_unknown_name_takes_as_long_as_a_known_one(self, monkeypatch: pytest.MonkeyPatch):
        compared: list[str] = []

        def check(hashed: str, _password: str) -> bool:
            compared.append(hashed)
            return True

        monkeypatch.setattr("cds_service.web.insights.users.check_password_hash", check)
        users = {NAME: LINE.partition(":")[2]}
        assert is_password(users, NAME, PASSWORD)
        assert not is_password(users, "somebody", PASSWORD)
        known, unknown = (each.split("$") for each in compared)
        assert unknown[0] == known[0]
        assert [len(part) for part in unknown] == [len(part) for part in known]

    def test_trying_unknown_names_does_not_lock_out_those_on_the_list(
        self, with_users: FlaskClient
    ):
        for number in range(MOST):
            get(with_users, headers=basic(name=f"guess{number}"))
        assert get(with_users, headers=basic(name="another")).status_code == 429
        assert get(with_users, headers=basic()).status_code == 200

    def test_who_is_struck_off_the_list_is_out_at_once(
        self, with_users: FlaskClient, users_file: Path
    ):
        assert get(with_users, headers=basic()).status_code == 200
        users_file.write_text(new_line("successor", PASSWORD))
        assert get(with_users, headers=basic()).status_code == 401
        assert get(with_users, headers=basic(name="successor")).status_code == 200

    def test_a_list_that_has_become_unreadable_lets_nobody_in(
        self, with_users: FlaskClient, users_file: Path
    ):
        users_file.unlink()
        assert get(with_users, headers=basic()).status_code == 503
        response = get(with_users, "/insights/summary.csv", headers=basic())
        assert response.json["issue"][0]["code"] == "transient"

    def test_it_works_at_an_address_of_this_machine_without_tls(self, site: Open, users_file: Path):
        base = "http://127.0.0.1:8000"
        client = site(insights="users", insights_users_file=users_file, base_url=base)
        assert get(client, base=base, headers=basic()).status_code == 200
        assert get(client, base=base).status_code == 401


class TestBehindAProxy:
    @pytest.mark.parametrize("address", ["10.0.0.7", "::ffff:10.0.0.7", "::1"])
    @pytest.mark.parametrize("path", PATHS)
    def test_whom_the_proxy_names_sees_them(
        self, behind_proxy: FlaskClient, address: str, path: str
    ):
        response = get(
            behind_proxy,
            path,
            headers={"X-Forwarded-User": "ann", "X-Forwarded-For": "10.9.9.9"},
            environ_base={"REMOTE_ADDR": address},
        )
        assert response.status_code == 200

    @pytest.mark.parametrize("path", PATHS)
    @pytest.mark.parametrize(
        ("address", "headers"),
        [
            ("10.0.0.8", {"X-Forwarded-User": "ann"}),
            ("127.0.0.1", {"X-Forwarded-User": "ann"}),
            ("", {"X-Forwarded-User": "ann"}),
            ("10.0.0.7", {}),
            ("10.0.0.7", {"X-Forwarded-User": "  "}),
            ("10.0.0.7", {"X-Remote-User": "ann"}),
            ("10.0.0.7", basic()),
        ],
        ids=[
            *("another machine", "this machine", "no address", "nobody", "blank"),
            *("another header", "a password"),
        ],
    )
    def test_nobody_else_is_believed(
        self, behind_proxy: FlaskClient, path: str, address: str, headers: dict[str, str]
    ):
        at = {"REMOTE_ADDR": address}
        assert get(behind_proxy, path, headers=headers, environ_base=at).status_code == 403

    def test_the_header_can_be_another(self, site: Open):
        client = site(
            local=False,
            insights="proxy",
            insights_proxy=("10.0.0.0/8",),
            insights_proxy_header="X-Auth-Request-Email",
            base_url=BASE,
        )
        at = {"REMOTE_ADDR": "10.0.0.7"}
        named = {"X-Auth-Request-Email": "ann@hospital.example"}
        assert get(client, headers=named, environ_base=at).status_code == 200
        assert get(client, headers={"X-Forwarded-User": "a"}, environ_base=at).status_code == 403


class TestSettings:
    @pytest.mark.parametrize(
        ("settings", "why"),
        [
            ({"insights": "users", "base_url": BASE}, "CDS_INSIGHTS_USERS_FILE"),
            ({"insights": "proxy", "base_url": BASE}, "CDS_INSIGHTS_PROXY"),
            ({"insights": "users"}, "CDS_BASE_URL must be set"),
            ({"insights": "users", "base_url": "http://cds.example"}, "https://"),
            ({"insights": "proxy", "base_url": "http://cds.example"}, "https://"),
        ],
    )
    def test_a_way_that_cannot_work_is_told_at_the_start(self, settings: Any, why: str):
        with pytest.raises(SettingsError, match=why):
            gate(Settings(**settings), local_mode=False)

    def test_they_are_read_from_the_environment(self):
        found = Settings.from_environment(
            {
                "CDS_INSIGHTS": "proxy",
                "CDS_INSIGHTS_PROXY": "10.0.0.7, 10.1.0.0/16",
                "CDS_INSIGHTS_PROXY_HEADER": "X-User",
                "CDS_INSIGHTS_TIME_ZONE": "Europe/Berlin",
            }
        )
        assert found.insights_proxy == ("10.0.0.7/32", "10.1.0.0/16")
        assert (found.insights, found.insights_proxy_header) == ("proxy", "X-User")
        assert found.insights_time_zone == "Europe/Berlin"

    @pytest.mark.parametrize(
        ("variable", "value", "why"),
        [
            ("CDS_INSIGHTS", "everybody", "must be one of"),
            ("CDS_INSIGHTS_PROXY", "proxy.example", "must be networks"),
            ("CDS_INSIGHTS_PROXY_HEADER", "X User", "must be the name of a header"),
            ("CDS_INSIGHTS_TIME_ZONE", "Mars/Olympus", "must be a time zone"),
            ("CDS_INSIGHTS_TIME_ZONE", "../../etc/passwd", "must be a time zone"),
        ],
    )
    def test_one_with_a_wrong_value_is_refused(self, variable: str, value: str, why: str):
        with pytest.raises(SettingsError, match=why):
            Settings.from_environment({variable: value})

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("", "nobody"),
            ("ann:plain-password", "line 1"),
            (f"{LINE}\n{LINE}", "a name twice"),
            (b"\xff\xfe", "cannot be read"),
            (None, "cannot be read"),
        ],
        ids=["empty", "plain password", "twice", "not text", "missing"],
    )
    def test_a_list_of_people_that_cannot_be_used_is_told_without_quoting_it(
        self, tmp_path: Path, text: Any, why: str
    ):
        path = tmp_path / "users"
        if text is not None:
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(SettingsError, match=why) as refused:
            read_users(path)
        assert "plain-password" not in str(refused.value)
        assert "scrypt" not in str(refused.value)


class TestPasswords:
    def test_a_line_holds_no_password_and_knows_it(self):
        users = dict([LINE.split(":", 1)])
        assert PASSWORD not in LINE
        assert is_password(users, NAME, PASSWORD)
        assert not is_password(users, NAME, PASSWORD + " ")
        assert not is_password(users, "nobody", "nobody has this password")

    @pytest.mark.parametrize(
        ("name", "password"), [("a:b", PASSWORD), ("", PASSWORD), (NAME, "short")]
    )
    def test_a_name_or_password_that_will_not_do_is_refused(self, name: str, password: str):
        with pytest.raises(ValueError, match="must"):
            new_line(name, password)


class TestThrottle:
    def test_a_wrong_password_is_forgotten_after_the_window(self):
        now = [0.0]
        throttle = Throttle(lambda: now[0])
        for _ in range(MOST):
            assert throttle.wait("ann") == 0
            throttle.wrong("ann")
        assert throttle.wait("ann") == WINDOW
        now[0] = WINDOW + 0.1
        assert throttle.wait("ann") == 0

    def test_the_right_one_clears_the_wrong_ones(self):
        throttle = Throttle(lambda: 0.0)
        for _ in range(MOST - 1):
            throttle.wrong("ann")
        throttle.right("ann")
        throttle.wrong("ann")
        assert throttle.wait("ann") == 0
