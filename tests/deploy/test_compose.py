"""The compose file runs the service as it is, hardened, and finds what it names."""

import json
import re
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
import yaml

from cds_service.clients.read import read_clients
from cds_service.setting_readers import MIB
from cds_service.settings import Settings
from tests.deploy.settings import DEPLOY, bytes_of, drain_seconds, lines, memory_needed, read
from tests.replicas.processes import SHIPPED

EXAMPLE = DEPLOY / "example"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """Return the compose file with the variables of the example file filled in."""
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    given = lines(EXAMPLE / "env")
    used = set()

    def filled(match: re.Match[str]) -> str:
        name, operator, word = match.groups()
        used.add(name)
        if value := given.get(name, ""):
            return value
        assert operator != ":?", f"{name} is needed and not in the example"
        return word or ""

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: walk(each) for name, each in value.items()}
        if isinstance(value, list):
            return [walk(each) for each in value]
        if isinstance(value, str):  # as compose does: what is filled in stays text
            return re.sub(r"\$\{(\w+)(?:(:[-?])([^}]*))?\}", filled, value)
        return value

    made: dict[str, Any] = walk(yaml.safe_load(text))
    assert given.keys() <= used, "the example sets what nothing reads"
    return made


@pytest.fixture(scope="module")
def replicas(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the services that are replicas of the advisor."""
    return {n: each for n, each in compose["services"].items() if n.startswith("advisor-")}


def environment(replica: dict[str, Any]) -> dict[str, str]:
    (file,) = replica["env_file"]
    return {**lines(EXAMPLE / file["path"]), **replica["environment"]}


def seconds(told: str) -> float:
    assert told.endswith("s"), told
    return float(told.removesuffix("s"))


def test_the_file_is_right_by_the_compose_specification():
    schemas = files("check_jsonschema").joinpath("builtin_schemas/vendor")
    schema = json.loads(schemas.joinpath("compose-spec.json").read_text(encoding="utf-8"))
    shipped = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert [error.message for error in validator.iter_errors(shipped)] == []
    shipped["services"]["proxy"]["read-only"] = True
    assert list(validator.iter_errors(shipped)), "a key that does not exist has to be an error"


def test_the_replicas_differ_in_their_address_and_volume_alone(replicas):
    assert len(replicas) == 3
    own = [{"volumes": each["volumes"], "networks": each["networks"]} for each in replicas.values()]
    rest = [
        {name: value for name, value in each.items() if name not in own[0]}
        for each in replicas.values()
    ]
    assert rest == [rest[0]] * 3
    assert len({str(each["volumes"]) for each in own}) == 3
    assert len({each["networks"]["inside"]["ipv4_address"] for each in own}) == 3


def test_every_setting_of_a_replica_is_one_of_the_service(replicas):
    for replica in replicas.values():
        settings = read(environment(replica))
        assert settings.base_url == "https://cds.example"
        assert settings.journal_url.startswith("postgresql://")
        assert len(settings.journal_key) >= 32
        assert settings.clients_file is not None
        assert not settings.metrics_public
        assert not settings.open_fhir
        assert settings.cors_origins == ()
        assert "--host" in replica["command"]


def test_the_proxy_sets_the_header_by_which_replicas_know_a_repeated_call(replicas):
    sent = re.findall(r"proxy_set_header (\S+) \$request_id;", SHIPPED.read_text(encoding="utf-8"))
    assert {read(environment(each)).call_id_header for each in replicas.values()} == set(sent)


def test_every_service_is_without_rights_it_does_not_need(compose):
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not service["user"].startswith(("0", "root")), name
        assert "privileged" not in service, name
        assert {"memory", "cpus", "pids"} <= service["deploy"]["resources"]["limits"].keys(), name
        assert service["healthcheck"]["test"][0] == "CMD", name
        assert service["logging"]["options"]["max-size"], name


def test_only_the_proxy_can_be_reached_and_the_database_can_reach_nothing(compose):
    assert [name for name, each in compose["services"].items() if "ports" in each] == ["proxy"]
    assert compose["networks"]["inside"]["internal"] is True
    for name in ("postgres", "redis"):
        assert compose["services"][name]["networks"] == ["inside"]


def test_the_proxy_knows_every_replica_by_its_address(compose, replicas):
    upstream = re.findall(r"server (advisor-\d+):(\d+)", SHIPPED.read_text(encoding="utf-8"))
    assert {name for name, _ in upstream} == replicas.keys()
    told = dict(line.split(":") for line in compose["services"]["proxy"]["extra_hosts"])
    for name, port in upstream:
        assert told[name] == replicas[name]["networks"]["inside"]["ipv4_address"]
        command = replicas[name]["command"]
        assert command[command.index("--port") + 1] == port
        assert f":{port}/" in str(replicas[name]["healthcheck"]["test"])


def test_the_proxy_listens_where_the_host_sends_calls(compose):
    (port,) = compose["services"]["proxy"]["ports"]
    assert f"listen {port.partition(':')[2]} ssl;" in SHIPPED.read_text(encoding="utf-8")
    mounted = {line.split(":")[1] for line in compose["services"]["proxy"]["volumes"]}
    assert mounted == {"/etc/nginx/nginx.conf", "/etc/nginx/tls"}


def test_what_the_proxy_lets_through_is_a_little_more_than_what_the_service_takes():
    (limit,) = re.findall(r"client_max_body_size (\d+)m;", SHIPPED.read_text(encoding="utf-8"))
    assert Settings().max_body_bytes < int(limit) * MIB <= 2 * Settings().max_body_bytes
    assert f"client_body_buffer_size {limit}m;" in SHIPPED.read_text(encoding="utf-8")


def test_a_replica_has_time_to_end_and_memory_for_its_workers(replicas):
    for replica in replicas.values():
        settings = read(environment(replica))
        assert seconds(replica["stop_grace_period"]) > drain_seconds(settings)
        limit = bytes_of(replica["deploy"]["resources"]["limits"]["memory"])
        assert limit >= memory_needed(environment(replica))


def test_a_call_that_a_replica_may_still_answer_when_it_ends_is_not_cut_off_by_the_proxy(replicas):
    (longest,) = re.findall(r"proxy_read_timeout (\d+)s;", SHIPPED.read_text(encoding="utf-8"))
    (again,) = re.findall(
        r"proxy_next_upstream_timeout (\d+)s;", SHIPPED.read_text(encoding="utf-8")
    )
    for replica in replicas.values():
        settings = read(environment(replica))
        assert settings.drain_grace >= float(longest) > settings.fhir_deadline
    assert float(again) < float(longest)


def test_a_healthcheck_asks_what_the_service_answers(compose, serve):
    known = {str(rule) for rule in serve().application.url_map.iter_rules()}
    text = SHIPPED.read_text(encoding="utf-8")
    paths = re.findall(
        r":8\d{3}(/\w+)", str([s["healthcheck"] for s in compose["services"].values()])
    )
    assert len(paths) >= 4
    assert set(paths) <= known
    exact = set(re.findall(r"location = (\S+) \{", text))
    assert exact <= known
    assert "/metrics" not in text.replace("/metrics above all", "")


def test_volumes_networks_and_secrets_that_are_named_exist(compose):
    services = compose["services"].values()
    named = {
        line.partition(":")[0]
        for service in services
        for line in service.get("volumes", ())
        if not line.startswith(".")
    }
    assert named == compose["volumes"].keys()
    assert {net for each in services for net in each["networks"]} == compose["networks"].keys()
    assert {name for each in services for name in each.get("secrets", ())} == (
        compose["secrets"].keys()
    )
    for service in services:
        assert set(service.get("depends_on", ())) <= compose["services"].keys()


def test_every_file_of_a_site_has_an_example_without_a_secret(compose, replicas):
    assert (EXAMPLE / compose["secrets"]["postgres-password"]["file"]).exists()
    password = (EXAMPLE / "secrets" / "postgres-password").read_text(encoding="utf-8").strip()
    url = lines(EXAMPLE / "secrets" / "advisor.env")["CDS_JOURNAL_URL"]
    database = compose["services"]["postgres"]["environment"]
    assert url == (
        f"postgresql://{database['POSTGRES_USER']}:{password}@postgres:5432/"
        f"{database['POSTGRES_DB']}"
    )
    for path in (EXAMPLE / "secrets").iterdir():
        secrets = re.findall("REPLACE-WITH-", path.read_text(encoding="utf-8"))
        assert secrets, path
    clients = yaml.safe_load((EXAMPLE / "config" / "clients.yaml").read_text(encoding="utf-8"))
    assert [each.id for each in read_clients(clients).all] == ["st-elsewhere"]
    for replica in replicas.values():
        file = replica["environment"]["CDS_CLIENTS_FILE"]
        assert f"./config:{file.rpartition('/')[0]}:ro" in replica["volumes"]


def test_the_image_is_built_from_the_dockerfile_and_writes_where_it_may(replicas):
    dockerfile = (DEPLOY.parent / "Dockerfile").read_text(encoding="utf-8")
    for replica in replicas.values():
        assert (DEPLOY / replica["build"]["context"] / "Dockerfile").exists()
        assert f"USER {replica['user']}" in dockerfile
        written = [line.split(":")[1] for line in replica["volumes"] if not line.endswith(":ro")]
        assert written == [replica["environment"]["CDS_JOURNAL_DIR"]]
        assert f'VOLUME ["{written[0]}"]' in dockerfile
