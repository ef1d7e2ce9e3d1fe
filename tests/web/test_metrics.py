"""The figures count what happened, by names from closed sets, and only for this machine."""

from types import SimpleNamespace

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from cds_service.fhir.reasons import Reason
from cds_service.web import scrape
from cds_service.web.metrics import Metrics, rule_ids

SELECT = "imaging-order-select"
HOSTILE = 'Canary "}\n# evil 1'


def figures(made):
    """Return every sample by its name and labels."""
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(made.text().decode())
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


@pytest.fixture
def counted(app):
    """Return the figures of `app`, which shows them at ``/metrics`` to this machine."""
    made: Metrics = app.extensions["metrics"]
    return made


class TestCounting:
    def test_calls_are_counted_by_service_hook_and_class_of_status(self):
        made = Metrics()
        for status in (200, 200, 412, 500):
            made.observe_call(SELECT, "order-select", status, 0.02)
        found = figures(made)
        assert found["cds_calls_total", "2xx", SELECT, "order-select"] == 2
        assert found["cds_calls_total", "4xx", SELECT, "order-select"] == 1
        assert found["cds_calls_total", "5xx", SELECT, "order-select"] == 1
        assert found["cds_call_seconds_count", SELECT] == 4
        assert found["cds_call_seconds_bucket", "0.01", SELECT] == 0
        assert found["cds_call_seconds_bucket", "0.025", SELECT] == 4

    def test_cards_are_counted_by_rule_and_indicator(self):
        made = Metrics(["mri-device.unsafe"])
        made.card("mri-device.unsafe", "critical")
        assert figures(made)["cds_cards_total", "critical", "mri-device.unsafe"] == 1

    @pytest.mark.parametrize("reason", Reason)
    def test_reads_are_counted_by_type_and_every_reason(self, reason):
        made = Metrics()
        made.fhir_read("Condition", None, 0.1)
        made.fhir_read("Condition", reason, 0.1)
        found = figures(made)
        assert found["cds_fhir_reads_total", "Condition", "ok"] == 1
        assert found[("cds_fhir_reads_total", *sorted(["Condition", reason.name.lower()]))] == 1
        assert found["cds_fhir_read_seconds_count", "Condition"] == 2

    def test_refused_tokens_are_counted_by_reason(self):
        made = Metrics(token_reasons=["expired"])
        made.token_refused("expired")
        assert figures(made)["cds_tokens_refused_total", "expired"] == 1

    def test_refusals_are_counted_from_nought_so_that_the_first_is_seen_as_a_rise(self):
        found = figures(Metrics(token_reasons=["expired"]))
        assert found["cds_tokens_refused_total", "expired"] == 0
        rooms = {key[1] for key in found if key[0] == "cds_calls_turned_away_total"}
        assert rooms == {"places", "uploads", "queue", "wait", "reads"}

    def test_what_is_not_in_a_closed_set_is_other(self):
        made = Metrics(["r"], ["expired"])
        made.observe_call(HOSTILE, HOSTILE, 999, 0.1)
        made.card(HOSTILE, HOSTILE)
        made.fhir_read(HOSTILE, None, 0.1)
        made.token_refused(HOSTILE)
        assert "Canary" not in made.text().decode()
        found = figures(made)
        assert found["cds_calls_total", "other", "other", "other"] == 1
        assert found["cds_cards_total", "other", "other"] == 1
        assert found["cds_tokens_refused_total", "other"] == 1

    def test_many_odd_names_make_no_more_series(self):
        made = Metrics()
        made.observe_call("x", "x", 200, 0.1)
        before = len(figures(made))
        for number in range(1000):
            made.observe_call(f"x{number}", f"x{number}", 200, 0.1)
            made.card(f"x{number}", "info")
        assert len(figures(made)) == before + 1

    def test_the_journal_is_asked_at_each_scrape_and_not_before(self):
        asked = []

        def journal():
            asked.append(1)
            return SimpleNamespace(
                written=7, spooled=2, replayed=1, lost=0, pending=3, lag_seconds=1.5,
                reachable=False,
            )  # fmt: skip

        made = Metrics()
        made.watch_journal(journal)
        assert asked == []
        found = figures(made)
        assert found["cds_journal_records_total", "written"] == 7
        assert found["cds_journal_records_total", "lost"] == 0
        assert found["cds_journal_queue",] == 3
        assert found["cds_journal_lag_seconds",] == 1.5
        assert found["cds_journal_reachable",] == 0

    def test_readiness_calls_in_flight_and_content_are_shown(self):
        made = Metrics()
        made.watch_readiness(lambda: 0.5)
        made.watch_calls(lambda: 4, lambda: 3)
        made.content("old")
        made.content("new")
        found = figures(made)
        assert found["cds_ready",] == 0.5
        assert found["cds_calls_in_flight",] == 4
        assert found["cds_calls_waiting",] == 3
        assert found["cds_content_info", "new"] == 1
        assert ("cds_content_info", "old") not in found

    def test_two_apps_do_not_share_figures(self):
        one, other = Metrics(), Metrics()
        one.observe_call(SELECT, "order-select", 200, 0.1)
        assert ("cds_calls_total", "2xx", SELECT, "order-select") not in figures(other)

    def test_the_rules_of_the_content_are_all_known(self, content):
        known = rule_ids(content)
        assert set(content.texts) <= known
        assert {rule.id for topic in content.topics for rule in topic.recommendations} <= known
        assert any("." in rule for rule in known)


class TestRoute:
    def test_calls_of_the_app_are_counted(self, client, counted, call):
        client.post(f"/cds-services/{SELECT}", json=call)
        client.post(f"/cds-services/{SELECT}", data="{")
        client.get("/livez")
        found = figures(counted)
        assert found["cds_calls_total", "2xx", SELECT, "order-select"] == 1
        assert sum(value for key, value in found.items() if key[0] == "cds_calls_total") == 2

    def test_feedback_is_told_from_calls_although_it_comes_to_the_same_service(
        self, client, counted
    ):
        client.post(f"/cds-services/{SELECT}/feedback", data="{", content_type="application/json")
        assert figures(counted)["cds_calls_total", "4xx", "feedback", SELECT] == 1

    def test_a_program_on_this_machine_may_read_them(self, client, counted):
        answer = client.get("/metrics")
        assert answer.status_code == 200
        assert answer.mimetype == "text/plain"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "cds_calls_in_flight" in answer.text

    @pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
    def test_every_loopback_address_is_this_machine(self, client, counted, address):
        answer = client.get("/metrics", environ_base={"REMOTE_ADDR": address})
        assert answer.status_code == 200

    @pytest.mark.parametrize("address", ["10.0.0.1", "8.8.8.8", "::ffff:10.0.0.1", "", "unix"])
    def test_others_may_not(self, client, counted, address):
        answer = client.get("/metrics", environ_base={"REMOTE_ADDR": address})
        assert answer.status_code == 403
        assert answer.json["issue"][0]["code"] == "forbidden"
        assert "cds_" not in answer.text

    @pytest.mark.parametrize("header", ["Forwarded", "Via", "X-Forwarded-For", "X-Real-IP"])
    def test_a_gateway_on_this_machine_may_not_ask_for_others(self, client, counted, header):
        assert client.get("/metrics", headers={header: "127.0.0.1"}).status_code == 403

    def test_a_page_in_a_browser_here_may_not_under_another_name(self, client, counted):
        assert client.get("/metrics", headers={"Host": "evil.example"}).status_code == 403

    def test_a_site_may_open_them(self):
        app = Flask(__name__)
        app.extensions["metrics"] = Metrics()
        app.register_blueprint(scrape.blueprint(public=True))
        answer = app.test_client().get(
            "/metrics", environ_base={"REMOTE_ADDR": "10.0.0.1"}, headers={"Via": "x"}
        )
        assert answer.status_code == 200
