import pytest

from cds_service import __version__

COMMANDS = ["serve", "example", "explain", "lint", "check", "test", "survey", "content", "settings"]


def test_the_version_is_printed(call):
    ran = call("--version")
    assert (ran.code, ran.out) == (0, f"imaging-advisor {__version__}\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(call, command):
    ran = call(command, "--help")
    assert ran.code == 0
    assert f"imaging-advisor {command}" in ran.out


def test_the_help_names_every_command(call):
    out = call("--help").out
    assert all(command in out for command in COMMANDS)


@pytest.mark.parametrize("arguments", [[], ["operate"], ["check", "--fast"]])
def test_wrong_usage_is_said_and_nothing_is_started(call, arguments):
    ran = call(*arguments)
    assert ran.code == 2
    assert "usage: imaging-advisor" in ran.err


def test_settings_are_printed_as_a_table(call):
    ran = call("settings")
    assert ran.code == 0
    assert ran.out.startswith("| Variable | Default | Meaning |")
    assert "| `CDS_PORT` | `8000` |" in ran.out


def test_wrong_settings_are_all_named_and_nothing_is_started(call, monkeypatch):
    monkeypatch.setenv("CDS_PORT", "http")
    monkeypatch.setenv("CDS_THREADS", "many")
    for command in (["serve"], ["explain", "-"], ["lint", "-"], ["check"], ["test"], ["content"]):
        ran = call(*command)
        assert ran.code == 2, command
        assert "CDS_PORT" in ran.err
        assert "CDS_THREADS" in ran.err


def test_a_missing_content_directory_is_said_in_words(call, monkeypatch, tmp_path):
    monkeypatch.setenv("CDS_CARDS_DIR", str(tmp_path / "none"))
    for command in (["serve"], ["check"], ["test"], ["content"]):
        ran = call(*command)
        assert ran.code == 2, command
        assert "There is no clinical content" in ran.err
        assert "Traceback" not in ran.err
