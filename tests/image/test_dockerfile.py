"""The Dockerfile agrees with the project it packs."""

import json
import re
import shlex
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from cds_service.cli.main import parser
from cds_service.settings import Settings, variable

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
STAND_IN = ROOT / "deploy" / "image" / "stand-in" / "Dockerfile"


def instructions(dockerfile: Path) -> list[tuple[str, str]]:
    """Return the instructions of a Dockerfile in order, continued lines joined."""
    lines = [
        line
        for line in dockerfile.read_text(encoding="utf-8").splitlines()
        if not line.lstrip().startswith("#")
    ]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [
        (word, rest.strip())
        for word, _, rest in (line.partition(" ") for line in joined.splitlines() if line.strip())
    ]


ALL = instructions(ROOT / "Dockerfile")
LAST_STAGE = ALL[max(place for place, (word, _) in enumerate(ALL) if word == "FROM") :]


def pairs(word: str, of: list[tuple[str, str]]) -> dict[str, str]:
    """Return the NAME=VALUE pairs of all instructions `word`."""
    return dict(
        pair.split("=", 1) for each, rest in of if each == word for pair in shlex.split(rest)
    )


def only(word: str, of: list[tuple[str, str]] = LAST_STAGE) -> str:
    (found,) = (rest for each, rest in of if each == word)
    return found


def copied_from_the_context() -> set[str]:
    sources = [shlex.split(rest)[:-1] for word, rest in ALL if word == "COPY"]
    return {each for words in sources if not words[0].startswith("--from") for each in words}


def test_the_base_is_named_once_and_pinned_by_digest():
    first, *others = (rest for word, rest in ALL if word == "FROM")
    assert re.fullmatch(
        r"docker\.io/library/python:[\d.]+-slim-\w+@sha256:[0-9a-f]{64} AS base", first
    )
    assert others == ["base AS builder", "base"]


def test_the_stand_in_is_of_the_same_release_and_the_same_series_of_python():
    version, release = re.match(
        r"\S+python:(\d+\.\d+)\.\d+-slim-(\w+)@", only("FROM", ALL[:1])
    ).groups()
    assert only("FROM", instructions(STAND_IN)[-6:]) == f"localhost/debian:{release}"
    assert f"apt-get source --download-only python{version} " in STAND_IN.read_text(
        encoding="utf-8"
    )


def test_the_base_has_a_python_that_the_project_says_it_runs_on():
    version = re.match(r"\S+python:(\d+\.\d+)", ALL[0][1])[1]
    assert f"Programming Language :: Python :: {version}" in PROJECT["project"]["classifiers"]


def test_what_is_copied_is_there():
    assert {each for each in copied_from_the_context() if not (ROOT / each).exists()} == set()


def test_exactly_what_is_copied_is_sent_to_the_builder():
    first, *rest = (
        line
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    )
    assert first == "*"
    assert {line[1:] for line in rest if line.startswith("!")} == copied_from_the_context()
    assert [line for line in rest if not line.startswith("!")] == ["**/__pycache__", "**/*.py[cod]"]


def test_only_locked_packages_are_installed_and_only_from_wheels():
    commands = [part.strip() for word, rest in ALL if word == "RUN" for part in rest.split("&&")]
    installs = re.findall(r"pip \S+ \S+ install (.+)", "\n".join(commands))
    assert installs == [
        "--require-hashes -r requirements.lock",
        "--require-hashes -r requirements-build.lock",
        "--no-deps --no-index /dist/*.whl",
    ]
    assert pairs("ENV", ALL)["PIP_ONLY_BINARY"] == ":all:"


def test_the_labels_are_the_projects():
    labels = pairs("LABEL", ALL)
    project = PROJECT["project"]
    assert labels == {
        "org.opencontainers.image.title": project["name"],
        "org.opencontainers.image.description": labels["org.opencontainers.image.description"],
        "org.opencontainers.image.licenses": project["license"],
        "org.opencontainers.image.vendor": project["authors"][0]["name"],
        "org.opencontainers.image.version": project["version"],
    }
    assert project["description"].startswith(labels["org.opencontainers.image.description"])


def test_the_variables_it_sets_are_settings_with_values_that_can_be_read():
    own = {
        name: value for name, value in pairs("ENV", LAST_STAGE).items() if name.startswith("CDS_")
    }
    assert set(own) <= {variable(item.name) for item in fields(Settings)}
    settings = Settings.from_environment(own)
    assert settings.host == "0.0.0.0"
    assert settings.clients_file is not None, "what other machines reach asks for tokens"


def test_the_port_is_the_one_that_is_listened_on():
    assert int(only("EXPOSE")) == Settings().port


def test_the_user_is_a_number_that_is_not_root_and_owns_the_journal_and_nothing_else():
    user, group = only("USER").split(":")
    made = only("RUN")
    assert int(user) >= 10000
    assert f"--uid {user} " in made
    assert f"--gid {group} " in made
    owned = re.findall(r"install -d -o (\d+) -g (\d+) -m (\d+) (\S+)", made)
    assert owned == [
        (
            user,
            group,
            "0700",
            Settings.from_environment(pairs("ENV", LAST_STAGE)).journal_dir.as_posix(),
        )
    ]
    assert "chown" not in made
    assert json.loads(only("VOLUME")) == [owned[0][3]]


def test_it_starts_the_command_that_the_project_installs():
    entry = json.loads(only("ENTRYPOINT"))
    assert entry[0] in PROJECT["project"]["scripts"]
    assert parser().parse_args(json.loads(only("CMD"))).run.__module__ == "cds_service.cli.serve"


def test_the_health_check_is_the_projects_own():
    command = json.loads(only("HEALTHCHECK").partition("CMD ")[2])
    assert command == ["python", "-m", "cds_service.cli.health"]


@pytest.mark.parametrize("name", ["Dockerfile", "deploy/image/stand-in/Dockerfile"])
def test_no_secret_and_nothing_remote_is_added(name):
    assert not [rest for word, rest in instructions(ROOT / name) if word in ("ADD", "ARG")]
