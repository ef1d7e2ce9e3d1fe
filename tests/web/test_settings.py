"""Settings come from one list, and a wrong one is named."""

from dataclasses import fields

import pytest

from cds_service.cli.settings import settings_table
from cds_service.origins import origin_allowed, origin_of
from cds_service.settings import Settings, SettingsError, variable


def test_without_an_environment_the_defaults_suit_a_trial_on_one_machine():
    settings = Settings.from_environment({})
    assert settings == Settings()
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.fhir_servers == ("http://127.0.0.1:*", "http://localhost:*", "http://[::1]:*")
    assert not settings.open_fhir


def test_each_setting_is_read_from_its_variable():
    settings = Settings.from_environment(
        {
            "CDS_PORT": "0",
            "CDS_CARDS_DIR": "/srv/cards",
            "CDS_SITE_FILE": "/etc/site.yaml",
            "CDS_FHIR_SERVERS": "https://ehr.example/Site/fhir/, http://[::1]:*, http://fhir:8080/",
            "CDS_OPEN_FHIR": "TRUE",
            "CDS_FHIR_DEADLINE": "0.75",
            "CDS_FHIR_MAX_BYTES": "512 KiB",
            "CDS_CORS_ORIGINS": "none",
            "CDS_LOG_FORMAT": "JSON",
            "CDS_BASE_URL": "https://cds.example/advisor/",
        }
    )
    assert settings.port == 0
    assert str(settings.cards_dir) == "/srv/cards"
    assert str(settings.site_file) == "/etc/site.yaml"
    servers = ("https://ehr.example/Site/fhir", "http://[::1]:*", "http://fhir:8080")
    assert settings.fhir_servers == servers
    assert settings.open_fhir
    assert settings.fhir_deadline == 0.75
    assert settings.fhir_max_bytes == 512 * 1024
    assert settings.cors_origins == ()
    assert settings.log_format == "json"
    assert settings.base_url == "https://cds.example/advisor"


def test_an_empty_variable_counts_as_not_set():
    assert Settings.from_environment({"CDS_PORT": " ", "CDS_FHIR_SERVERS": ""}) == Settings()


def test_one_error_names_every_wrong_setting_and_says_what_is_right():
    wrong = {
        "CDS_PORT": "tcp://10.0.0.1:80",
        "CDS_THREADS": "many",
        "CDS_QUEUE_WAIT": "0",
        "CDS_FHIR_DEADLINE": "0",
        "CDS_MAX_BODY_BYTES": "10 MB",
        "CDS_OPEN_FHIR": "perhaps",
        "CDS_LOG_LEVEL": "LOUD",
        "CDS_BASE_URL": "ftp://x",
        "CDS_CORS_ORIGINS": "*",
        "CDS_FHIR_SERVERS": "https://ehr.example/fhir?site=1",
        "CDS_FHIR_PRIVATE_NETWORKS": "10.0.0.0/99",
    }
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({**wrong, "CDS_HOST": "0.0.0.0"})
    lines = str(caught.value).splitlines()[1:]
    assert {line.split()[0] for line in lines} == set(wrong)
    assert all("must be" in line for line in lines)


@pytest.mark.parametrize(
    ("moved", "place"),
    [
        ("CDS_SITE_PARAMETERS", "parameters:"),
        ("CDS_LANGUAGE", "language:"),
        ("CDS_MAX_CARDS_PER_ORDER", "most-per-order:"),
        ("CDS_DISABLED_CARDS", "switched-off:"),
    ],
)
def test_a_setting_of_an_earlier_version_stops_the_start_and_says_where_it_went(moved, place):
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({moved: "2"})
    said = str(caught.value)
    assert f"{moved} is no longer a setting" in said
    assert place in said
    assert "CDS_SITE_FILE" in said
    assert Settings.from_environment({moved: " "}) == Settings()


@pytest.mark.parametrize("setting", ["CDS_FHIR_SERVERS", "CDS_CORS_ORIGINS"])
@pytest.mark.parametrize(
    "pattern", ["https://*.example", "https://ehr.example:*", "http://10.0.0.1:*", "http://[::1"]
)
def test_any_port_may_be_allowed_on_this_machine_only(setting, pattern):
    with pytest.raises(SettingsError, match="must be none, or"):
        Settings.from_environment({setting: pattern})


def test_origins_of_browser_clients_are_kept_as_browsers_write_them():
    listed = "HTTPS://EHR.example:443/, http://LOCALHOST:*"
    settings = Settings.from_environment({"CDS_CORS_ORIGINS": listed})
    assert settings.cors_origins == ("https://ehr.example", "http://localhost:*")


def test_an_origin_of_a_browser_client_has_no_path():
    with pytest.raises(SettingsError, match="without a path"):
        Settings.from_environment({"CDS_CORS_ORIGINS": "https://ehr.example/app"})


def test_the_table_has_every_setting_with_its_meaning():
    rows = settings_table().splitlines()[2:]
    assert len(rows) == len(fields(Settings))
    for item, row in zip(fields(Settings), rows, strict=True):
        assert row.startswith(f"| `{variable(item.name)}` |")
        assert row.endswith(". |")


def test_every_default_in_the_table_can_be_set_as_it_is_shown():
    shown = {}
    for row in settings_table().splitlines()[2:]:
        name, default = (cell.strip().strip("`") for cell in row.split("|")[1:3])
        shown[name] = default
    assert Settings.from_environment(shown) == Settings()


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://EHR.example/fhir/R4", "https://ehr.example"),
        ("https://ehr.example:443", "https://ehr.example"),
        ("http://[::1]:8080/x", "http://[::1]:8080"),
        ("http://user@ehr.example", ""),
        ("http://ehr.example\\@evil.example", ""),
        ("http://ehr.example\n", ""),
        ("file:///etc/passwd", ""),
        ("null", ""),
        ("", ""),
    ],
)
def test_the_origin_of_a_url_is_unambiguous_or_none(url, origin):
    assert origin_of(url) == origin


def test_only_listed_origins_are_allowed():
    allowed = ("http://127.0.0.1:*", "http://[::1]:*", "https://ehr.example")
    for url in ("http://127.0.0.1", "http://127.0.0.1:9/x", "http://[::1]", "https://ehr.example"):
        assert origin_allowed(url, allowed)
    for url in ("https://127.0.0.1", "https://ehr.example:8443", "http://ehr.example", "x", ""):
        assert not origin_allowed(url, allowed)
