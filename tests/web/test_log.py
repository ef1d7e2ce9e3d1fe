"""The log cannot hold patient data, however careless the caller."""

import json
import logging

import pytest

from cds_service import log
from cds_service.settings import Settings


@pytest.fixture
def lines(capsys):
    log.configure(Settings(log_format="json"))
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_only_known_fields_are_logged_and_the_dropped_ones_are_counted(lines):
    log.logger("x").info("done", hook="order-sign", patient="Canary", chart={"a": "Canary"})
    (line,) = lines()
    assert line["hook"] == "order-sign"
    assert line["dropped_fields"] == 2
    assert "Canary" not in json.dumps(line)


def test_a_chart_under_a_known_name_is_logged_as_its_type_only(lines):
    log.logger("x").info("done", cards={"text": "Canary"}, rules=["a", {"text": "Canary"}])
    (line,) = lines()
    assert (line["cards"], line["rules"]) == ("dict", ["a", "dict"])


def test_an_exception_is_not_logged_with_its_message(lines):
    try:
        raise ValueError("Canary")
    except ValueError:
        log.logger("x").exception("failed")
        logging.getLogger("library").exception("failed")
    assert "Canary" not in json.dumps(lines())


def test_a_library_is_logged_without_the_arguments_of_its_message(lines):
    logging.getLogger("urllib3").warning("Retrying %s", "/Condition?patient=Canary")
    logging.getLogger("urllib3").info("not worth a line")
    (line,) = lines()
    assert (line["module"], line["event"]) == ("urllib3", "Retrying %s")


def test_long_values_and_line_breaks_do_not_reach_the_log(lines):
    log.logger("x").info("done", service="a\nb" + "x" * 1000)
    (line,) = lines()
    assert line["service"].startswith("a b")
    assert len(line["service"]) == 200


def test_the_console_shape_is_one_line(capsys):
    log.configure(Settings(log_format="console", log_level="WARNING"))
    log.logger("x").info("quiet")
    log.logger("x").warning("loud", hook="order-sign")
    (line,) = capsys.readouterr().err.splitlines()
    assert "loud" in line
    assert "hook=order-sign" in line
