"""The manifests are what Kubernetes takes, and agree with each other and with the service.

kubectl itself builds them; the schemas are those of Kubernetes, with unknown keys as errors.
"""

import base64
import ipaddress
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from cds_service.clients.read import read_clients
from cds_service.settings import Settings
from cds_service.site.read import read_site
from tests.deploy.settings import DEPLOY, bytes_of, drain_seconds, lines, memory_needed, read

KUBERNETES = DEPLOY / "kubernetes"
KUSTOMIZATIONS = ["base", "overlays/example"]
VERSIONS = ["1.32", "1.34", "1.37"]
Manifest = dict[str, Any]


def built(path: str) -> list[Manifest]:
    """Return what ``kubectl kustomize`` makes."""
    kubectl = Path(sys.executable).with_name("kubectl")
    done = subprocess.run(
        [kubectl, "kustomize", KUBERNETES / path],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return list(yaml.safe_load_all(done.stdout))


@pytest.fixture(scope="module", params=KUSTOMIZATIONS)
def manifests(request: pytest.FixtureRequest) -> list[Manifest]:
    """Return the manifests of the base, and of the example of a site."""
    return built(request.param)


def one(manifests: list[Manifest], kind: str, prefix: str = "advisor") -> Manifest:
    (found,) = [
        each
        for each in manifests
        if each["kind"] == kind and each["metadata"]["name"].startswith(prefix)
    ]
    return found


def pod(manifests: list[Manifest]) -> Manifest:
    made: Manifest = one(manifests, "Deployment")["spec"]["template"]["spec"]
    return made


def container(manifests: list[Manifest]) -> Manifest:
    (made,) = pod(manifests)["containers"]
    return made


def environment(manifests: list[Manifest]) -> dict[str, str]:
    """Return the variables of the container, with the secrets of the example."""
    secrets = lines(KUBERNETES / "overlays/example/example-secrets/journal.env")
    made: dict[str, str] = {}
    for source in container(manifests)["envFrom"]:
        made |= one(manifests, "ConfigMap", source["configMapRef"]["name"])["data"]
    for each in container(manifests)["env"]:
        reference = each["valueFrom"]["secretKeyRef"]
        if not reference.get("optional"):
            made[each["name"]] = secrets[reference["key"]]
    return made


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_every_manifest(manifests: list[Manifest], version: str):
    for manifest in manifests:
        kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_key_that_does_not_exist_would_be_seen(version: str):
    deployment = one(built("base"), "Deployment")
    deployment["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="readynessProbe"):
        kubernetes_validate.validate(deployment, version, strict=True)


def test_every_file_is_part_of_what_is_built():
    for path in KUSTOMIZATIONS:
        folder = KUBERNETES / path
        text = (folder / "kustomization.yaml").read_text(encoding="utf-8")
        for file in folder.rglob("*"):
            if file.is_file() and file.name != "kustomization.yaml":
                assert str(file.relative_to(folder)) in text, file


def test_all_select_the_pods_of_the_deployment_and_no_others(manifests: list[Manifest]):
    deployment = one(manifests, "Deployment")["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    spread = deployment["template"]["spec"]["topologySpreadConstraints"]
    selectors = [
        deployment["selector"]["matchLabels"],
        one(manifests, "Service")["spec"]["selector"],
        one(manifests, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        one(manifests, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
        *(each["labelSelector"]["matchLabels"] for each in spread),
    ]
    for selector in selectors:
        assert selector == labels
    assert one(manifests, "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"] == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": "advisor",
    }
    assert (
        pod(manifests)["serviceAccountName"] == one(manifests, "ServiceAccount")["metadata"]["name"]
    )


def test_every_setting_is_one_of_the_service(manifests: list[Manifest]):
    told = environment(manifests)
    settings = read(told)
    optional = {each["name"] for each in container(manifests)["env"]}
    read(dict.fromkeys(optional, "x"))
    assert settings.base_url.startswith("https://")
    assert len(settings.journal_key) >= 32
    assert settings.journal_url.startswith("postgresql://")
    assert not settings.open_fhir
    # the ingress controller passes on a client's own name of a call
    assert settings.call_id_header == ""
    for path in (settings.clients_file, settings.site_file):
        if path is not None:
            mounts = {each["mountPath"]: each for each in container(manifests)["volumeMounts"]}
            assert mounts[str(path.parent)]["readOnly"] is True


def test_ports_and_probes_are_those_of_the_service(manifests: list[Manifest], serve):
    (port,) = container(manifests)["ports"]
    arguments = container(manifests)["args"]
    assert arguments[arguments.index("--port") + 1] == str(port["containerPort"])
    (service,) = one(manifests, "Service")["spec"]["ports"]
    assert service["targetPort"] == port["name"]
    known = {str(rule) for rule in serve().application.url_map.iter_rules()}
    probes = {
        name: container(manifests)[name]["httpGet"]
        for name in ("startupProbe", "livenessProbe", "readinessProbe")
    }
    assert {each["port"] for each in probes.values()} == {port["name"]}
    assert {each["path"] for each in probes.values()} <= known
    # a journal that is away, or a service that ends, is no reason to kill it
    assert probes["livenessProbe"]["path"] == probes["startupProbe"]["path"] == "/livez"
    assert probes["readinessProbe"]["path"] == "/readyz"
    annotations = one(manifests, "Deployment")["spec"]["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/path"] in known
    assert annotations["prometheus.io/port"] == str(port["containerPort"])


def test_a_pod_has_time_to_be_noticed_to_end_and_to_finish(manifests: list[Manifest]):
    settings = read(environment(manifests))
    assert pod(manifests)["terminationGracePeriodSeconds"] > drain_seconds(settings)
    probe = container(manifests)["readinessProbe"]
    noticed = probe["periodSeconds"] * probe["failureThreshold"] + probe["timeoutSeconds"]
    assert settings.drain_notice >= noticed
    assert settings.drain_grace > settings.fhir_deadline


def test_memory_is_enough_for_the_workers(manifests: list[Manifest]):
    resources = container(manifests)["resources"]
    assert bytes_of(resources["limits"]["memory"]) >= memory_needed(environment(manifests))
    assert bytes_of(resources["requests"]["memory"]) <= bytes_of(resources["limits"]["memory"])
    assert "cpu" in resources["requests"], "the autoscaler counts in it"


def test_a_pod_is_without_rights_it_does_not_need(manifests: list[Manifest]):
    context = pod(manifests)["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    own = container(manifests)["securityContext"]
    assert own["readOnlyRootFilesystem"] is True
    assert own["allowPrivilegeEscalation"] is False
    assert own["capabilities"] == {"drop": ["ALL"]}
    assert pod(manifests)["automountServiceAccountToken"] is False
    assert one(manifests, "ServiceAccount")["automountServiceAccountToken"] is False
    dockerfile = (DEPLOY.parent / "Dockerfile").read_text(encoding="utf-8")
    assert f"USER {context['runAsUser']}:{context['runAsGroup']}" in dockerfile


def test_what_is_written_is_on_a_volume(manifests: list[Manifest]):
    settings = read(environment(manifests))
    volumes = {each["name"]: each for each in pod(manifests)["volumes"]}
    mounts = container(manifests)["volumeMounts"]
    assert {each["name"] for each in mounts} == volumes.keys()
    written = {
        each["mountPath"]: volumes[each["name"]] for each in mounts if not each.get("readOnly")
    }
    assert written.keys() == {str(settings.journal_dir), "/tmp"}
    spool = written[str(settings.journal_dir)]["emptyDir"]["sizeLimit"]
    assert bytes_of(spool) >= 2 * Settings().journal_spool_bytes


def test_a_rollout_and_a_drained_node_leave_replicas_that_answer(manifests: list[Manifest]):
    deployment = one(manifests, "Deployment")["spec"]
    scaler = one(manifests, "HorizontalPodAutoscaler")["spec"]
    budget = one(manifests, "PodDisruptionBudget")["spec"]
    assert "replicas" not in deployment, "it would overrule the autoscaler"
    assert deployment["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert deployment["strategy"]["rollingUpdate"]["maxSurge"] >= 1
    assert 1 <= budget["minAvailable"] < scaler["minReplicas"] < scaler["maxReplicas"]


def test_the_network_lets_pass_what_the_service_needs_and_no_more(manifests: list[Manifest]):
    policy = one(manifests, "NetworkPolicy")["spec"]
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    (port,) = container(manifests)["ports"]
    (way_in,) = policy["ingress"]
    assert [each["port"] for each in way_in["ports"]] == [port["name"]]
    assert all(each["namespaceSelector"]["matchLabels"] for each in way_in["from"])
    out = {
        (each.get("protocol"), each["port"]) for rule in policy["egress"] for each in rule["ports"]
    }
    assert {("UDP", 53), ("TCP", 53), ("TCP", 443), ("TCP", 5432)} <= out
    assert out <= {("UDP", 53), ("TCP", 53), ("TCP", 443), ("TCP", 5432), ("TCP", 6379)}
    ours = one(manifests, "Deployment")["spec"]["template"]["metadata"]["labels"]
    for rule in policy["egress"]:
        for peer in rule["to"]:
            assert peer, "an empty peer is everywhere"
            matched = peer.get("podSelector", {}).get("matchLabels", {})
            assert not (matched.items() & ours.items()), "that is the service itself"


def test_no_way_out_leads_to_the_credentials_of_the_cloud(manifests: list[Manifest]):
    for rule in one(manifests, "NetworkPolicy")["spec"]["egress"]:
        for peer in rule["to"]:
            if "ipBlock" not in peer:
                continue
            network = ipaddress.ip_network(peer["ipBlock"]["cidr"])
            closed = [ipaddress.ip_network(each) for each in peer["ipBlock"].get("except", ())]
            for told in ("169.254.169.254", "fd00:ec2::254"):
                address = ipaddress.ip_address(told)
                assert address not in network or any(address in each for each in closed)


def test_the_ingress_shows_the_services_and_neither_figures_nor_temporary_files():
    manifests = built("overlays/example")
    ingress = one(manifests, "Ingress")
    (rule,) = ingress["spec"]["rules"]
    shown = {each["path"] for each in rule["http"]["paths"]}
    assert shown == {"/cds-services", "/readyz"}
    (tls,) = ingress["spec"]["tls"]
    assert tls["hosts"] == [rule["host"]]
    assert read(environment(manifests)).base_url == f"https://{rule['host']}"
    told = ingress["metadata"]["annotations"]
    prefix = "nginx.ingress.kubernetes.io/"
    assert told[f"{prefix}client-body-buffer-size"] == told[f"{prefix}proxy-body-size"]
    assert told[f"{prefix}proxy-max-temp-file-size"] == "0"
    for path in rule["http"]["paths"]:
        assert path["backend"]["service"] == {"name": "advisor", "port": {"name": "http"}}


def test_the_example_of_a_site_names_the_secrets_that_the_pods_ask_for(tmp_path: Path):
    manifests = built("overlays/example")
    journal = one(manifests, "Secret", "advisor-journal")
    asked = {each["valueFrom"]["secretKeyRef"]["name"] for each in container(manifests)["env"]}
    assert asked == {journal["metadata"]["name"]}
    volumes = {each["name"]: each for each in pod(manifests)["volumes"]}
    clients = one(manifests, "Secret", "advisor-clients")
    assert volumes["clients"]["secret"]["secretName"] == clients["metadata"]["name"]
    text = base64.b64decode(clients["data"]["clients.yaml"]).decode()
    assert read_clients(yaml.safe_load(text)).all
    site = one(manifests, "ConfigMap", "advisor-site")
    assert volumes["site"]["configMap"]["name"] == site["metadata"]["name"]
    file = tmp_path / "site.yaml"
    file.write_text(site["data"]["site.yaml"], encoding="utf-8")
    assert read_site(file).issues == []
    for value in journal["data"].values():
        assert "REPLACE-WITH-" in base64.b64decode(value).decode()
    assert {
        each["metadata"].get("namespace") for each in manifests if each["kind"] != "Namespace"
    } == {one(manifests, "Namespace", "")["metadata"]["name"]}


def test_without_the_secrets_of_the_example_the_names_stay_those_of_the_cluster():
    manifests = built("base")
    asked = {each["valueFrom"]["secretKeyRef"]["name"] for each in container(manifests)["env"]}
    assert asked == {"advisor-journal"}
    mounted = [
        each["secret"]["secretName"] for each in pod(manifests)["volumes"] if "secret" in each
    ]
    assert mounted == ["advisor-clients"]


def test_the_image_is_of_this_version():
    pyproject = (DEPLOY.parent / "pyproject.toml").read_text(encoding="utf-8")
    (version,) = re.findall(r'^version = "(.*)"$', pyproject, re.MULTILINE)
    assert container(built("base"))["image"] == f"imaging-order-advisor:{version}"
    assert container(built("overlays/example"))["image"].endswith(f":{version}")
    assert f"${{ADVISOR_VERSION:-{version}}}" in (DEPLOY / "compose.yaml").read_text(
        encoding="utf-8"
    )
