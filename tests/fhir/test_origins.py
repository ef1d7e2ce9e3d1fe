"""A FHIR server is asked only if its address is on the list, in one plain spelling.

Whatever else a client names, nothing connects: each test here would fail on the first attempt.
"""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.fhir import pinned
from cds_service.fhir.client import FhirClient, FhirUnavailable, Reason
from cds_service.fhir.origins import Address, AllowList, join, read_address, server_allowed
from cds_service.gather.connection import EndableSession
from cds_service.settings import Settings

TOKEN = "a-token-nobody-may-see"
SERVERS = (
    "https://ehr.example.org",
    "https://cloud.example.org/tenant-1/fhir",
    "http://127.0.0.1:*",
    "http://localhost:*",
    "http://10.1.2.3:8080",
)
LISTED = Settings(fhir_servers=SERVERS)

HOSTILE = {
    "another host": "https://evil.example/fhir",
    "another scheme of a listed host": "http://ehr.example.org/fhir",
    "another port of a listed host": "https://ehr.example.org:8443/fhir",
    "no scheme": "ehr.example.org/fhir",
    "relative to a scheme": "//ehr.example.org/fhir",
    "a file": "file:///etc/passwd",
    "a file on a listed host": "file://ehr.example.org/etc/passwd",
    "gopher": "gopher://127.0.0.1:6379/_INFO",
    "ftp": "ftp://ehr.example.org/",
    "data": "data:application/json,{}",
    "a user name": "https://user@ehr.example.org/fhir",
    "a user name and password": "https://user:pass@ehr.example.org/fhir",
    "a listed host as user name": "https://ehr.example.org@evil.example/fhir",
    "a listed host and port as user name": "http://127.0.0.1:80@evil.example/",
    "an empty user name": "https://@ehr.example.org/fhir",
    "an encoded at sign": "https://ehr.example.org%40evil.example/fhir",
    "a backslash before an at sign": "https://ehr.example.org\\@evil.example/fhir",
    "backslashes for slashes": "https:\\\\ehr.example.org\\fhir",
    "a tab in the host": "https://ehr.exam\tple.org/fhir",
    "a line break in the host": "https://ehr.example.org\r\nX-Header: 1/fhir",
    "a line break at the end": "https://ehr.example.org\n",
    "a null in the host": "https://ehr.example.org\x00.evil.example/",
    "a blank": "https://ehr.example.org /fhir",
    "a soft hyphen": "https://ehr.exam\u00adple.org/fhir",
    "an ideographic full stop": "https://ehr\u3002example\u3002org/fhir",
    "a full-width letter": "https://\uff45hr.example.org/fhir",
    "full-width digits": "http://\uff11\uff12\uff17.\uff10.\uff10.\uff11/fhir",
    "circled digits": "http://\u2460\u2461\u2466.0.0.1/fhir",
    "arabic digits in the port": "https://ehr.example.org:\u0664\u0664\u0663/fhir",
    "a letter from another script": "https://\u0435hr.example.org/fhir",
    "the name in punycode of another": "https://xn--hr-nlc.example.org/fhir",
    "a dot at the end": "https://ehr.example.org./fhir",
    "localhost with a dot": "http://localhost.:8000/fhir",
    "two dots": "https://ehr..example.org/fhir",
    "a listed name in front": "https://ehr.example.org.evil.example/fhir",
    "a listed name behind": "https://evilehr.example.org/fhir",
    "an encoded dot": "https://ehr%2eexample.org/fhir",
    "an encoded slash": "https://ehr.example.org%2f.evil.example/fhir",
    "port 0": "http://127.0.0.1:0/fhir",
    "port 65536": "http://127.0.0.1:65536/fhir",
    "a port with a zero in front": "https://ehr.example.org:0443/fhir",
    "an empty port": "https://ehr.example.org:/fhir",
    "a port below zero": "http://127.0.0.1:-1/fhir",
    "a port far too large": f"http://127.0.0.1:{'9' * 400}/fhir",
    "a very long name": f"https://{'a' * 64}.example.org/fhir",
    "a very long host": f"https://{'a.' * 200}example.org/fhir",
    "a very long URL": f"https://ehr.example.org/{'a' * 100_000}",
    "loopback as one number": "http://2130706433/fhir",
    "loopback in hexadecimal": "http://0x7f000001/fhir",
    "loopback in part hexadecimal": "http://0x7f.1/fhir",
    "loopback in octal": "http://0177.0.0.1/fhir",
    "loopback with parts left out": "http://127.1/fhir",
    "loopback with a dot": "http://127.0.0.1./fhir",
    "another loopback": "http://127.0.0.2/fhir",
    "IPv6 loopback that is not listed": "http://[::1]/fhir",
    "loopback in IPv6": "http://[::ffff:127.0.0.1]/fhir",
    "loopback in IPv6, in hexadecimal": "http://[::ffff:7f00:1]/fhir",
    "loopback in old IPv6": "http://[::127.0.0.1]/fhir",
    "loopback through NAT64": "http://[64:ff9b::7f00:1]/fhir",
    "loopback through 6to4": "http://[2002:7f00:1::]/fhir",
    "an IPv6 zone": "http://[fe80::1%25eth0]/fhir",
    "an IPv6 zone, not encoded": "http://[fe80::1%eth0]/fhir",
    "IPv6 without brackets": "http://::1/fhir",
    "an open bracket": "http://[::1/fhir",
    "a future IP address": "http://[v1.fe80::1]/fhir",
    "unspecified": "http://0.0.0.0:8080/fhir",
    "unspecified as zero": "http://0/fhir",
    "unspecified in IPv6": "http://[::]:8080/fhir",
    "private": "http://10.0.0.1/fhir",
    "private, next to a listed one": "http://10.1.2.4:8080/fhir",
    "private, listed with another port": "http://10.1.2.3/fhir",
    "unique local": "http://[fd00::1]/fhir",
    "link-local": "http://169.254.1.1/fhir",
    "link-local in IPv6": "http://[fe80::1]/fhir",
    "metadata": "http://169.254.169.254/latest/meta-data/",
    "metadata in IPv6": "http://[fd00:ec2::254]/latest/",
    "metadata by name": "http://metadata.google.internal/computeMetadata/v1/",
    "multicast": "http://224.0.0.1/fhir",
    "broadcast": "http://255.255.255.255/fhir",
    "dot segments": "https://cloud.example.org/tenant-1/fhir/../../tenant-2/fhir",
    "encoded dot segments": "https://cloud.example.org/tenant-1/fhir/%2e%2e/%2E%2e/tenant-2",
    "dot segments encoded twice": "https://cloud.example.org/tenant-1/fhir/%252e%252e/x",
    "dot segments with parameters": "https://cloud.example.org/tenant-1/fhir/..;x/..;x/tenant-2",
    "an encoded slash in the path": "https://cloud.example.org/tenant-1/fhir%2f..%2f../x",
    "another base of a listed host": "https://cloud.example.org/tenant-2/fhir",
    "the start of a listed base": "https://cloud.example.org/tenant-1",
    "a longer segment than the listed one": "https://cloud.example.org/tenant-1/fhirx",
    "a listed base in other case": "https://cloud.example.org/Tenant-1/FHIR",
    "a fragment": "https://ehr.example.org/fhir#x",
    "a query": "https://ehr.example.org/fhir?x=",
    "an encoding that is none": "https://ehr.example.org/fhir%zz",
    "a listed URL in the path": "https://evil.example/https://ehr.example.org/fhir",
    "nothing": "",
    "a host only in name": "https:///fhir",
}

# Without a scheme a link is relative to the base: only a FHIR server can be named oddly that way.
LINKS = {name: url for name, url in HOSTILE.items() if name != "no scheme"}


@pytest.fixture
def no_connection(monkeypatch):
    """Fail on every look-up of a name and every connection; return what was tried."""
    tried = []

    def refuse(*args, **_):
        tried.append(args)
        raise AssertionError(f"tried: {args}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(pinned, "look_up", refuse)
    return tried


@pytest.mark.conformance(51, 99)
@pytest.mark.parametrize("url", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_address_is_refused_and_nothing_connects(url, no_connection):
    with pytest.raises(FhirUnavailable) as refused:
        FhirClient(url, TOKEN, LISTED, EndableSession()).read("Patient/ada")
    assert refused.value.reason is Reason.NOT_ALLOWED
    assert no_connection == []


@pytest.mark.conformance(90, 99)
@pytest.mark.parametrize("url", LINKS.values(), ids=LINKS)
def test_a_link_to_a_hostile_address_is_not_followed_and_nothing_connects(url, no_connection):
    page = {"resourceType": "Bundle", "link": [{"relation": "next", "url": url}]}
    base = "https://cloud.example.org/tenant-1/fhir"
    with FhirClient(base, TOKEN, LISTED, EndableSession()) as client:
        assert client.follow(page).missing is Reason.LINK_REFUSED
    assert no_connection == []


@pytest.mark.parametrize(
    ("url", "anew"),
    [
        ("https://ehr.example.org", "https://ehr.example.org"),
        ("HTTPS://EHR.Example.ORG:443/fhir/R4", "https://ehr.example.org/fhir/R4"),
        ("https://cloud.example.org/tenant-1/fhir", "https://cloud.example.org/tenant-1/fhir"),
        ("https://cloud.example.org/tenant-1/fhir/Patient", None),
        ("http://127.0.0.1:80/fhir", "http://127.0.0.1/fhir"),
        ("http://localhost:8000/fhir", "http://localhost:8000/fhir"),
        ("http://10.1.2.3:8080/fhir", "http://10.1.2.3:8080/fhir"),
    ],
)
def test_a_listed_address_is_allowed_and_written_anew(url, anew):
    assert server_allowed(url, LISTED)
    assert AllowList.of(SERVERS).find(url).url == (anew or url)


@pytest.mark.parametrize(
    "url", ["http://[::1]:8080/fhir", "http://[0:0:0:0:0:0:0:1]:8080/fhir", "http://[::0001]:8080"]
)
def test_an_ipv6_address_is_one_in_all_its_spellings(url):
    assert AllowList.of(["http://[::1]:*"]).find(url).host == "::1"
    assert read_address(url).url.startswith("http://[::1]:8080")


def test_without_a_list_nothing_is_allowed():
    assert not server_allowed("http://127.0.0.1:8080/fhir", Settings(fhir_servers=()))


@pytest.mark.parametrize(
    "entry",
    ["https://*.example", "https://ehr.example:*", "http://10.0.0.1:*", "ehr.example", "",
     "https://ehr.example?x", "https://ehr.example/../x", "https://user@ehr.example",
     "http://2130706433", "http://0x7f.1", "http://0177.0.0.1", "https://ehr.example.",
     "http://[::ffff:10.0.0.1]"],
)  # fmt: skip
def test_a_list_with_an_odd_entry_is_refused(entry):
    with pytest.raises(ValueError, match="not an origin"):
        AllowList.of([entry])


@pytest.mark.parametrize("network", ["10.0.0.1/8", "fhir.example", "10.0.0.0/33", ""])
def test_a_network_that_is_none_is_refused(network):
    with pytest.raises(ValueError, match=r"network|host bits"):
        AllowList.of([], [network])


@pytest.mark.parametrize(
    ("link", "leads_to"),
    [
        ("Condition?page=2", "https://ehr.example/fhir/Condition?page=2"),
        ("?page=2", "https://ehr.example/fhir/?page=2"),
        ("https://EHR.example:443/fhir?page=2", "https://ehr.example/fhir?page=2"),
        ("/fhir/Condition?x=a%2Cb|c", "https://ehr.example/fhir/Condition?x=a%2Cb|c"),
        ("/Condition", None),
        ("../Condition", None),
        ("\thttps://ehr.example/fhir/x", None),
        ("https://ehr.example/fhir/%2e%2e/x", None),
        ("https://ehr.example/fhir//x/..", None),
    ],
)
def test_a_link_leads_below_the_base_or_nowhere(link, leads_to):
    found = join(Address("https", "ehr.example", 443, "/fhir"), link)
    assert (found.url if found else None) == leads_to


@given(st.text(alphabet="https:/[]@.\\%?#ehrxampl0127f \t", max_size=60))
def test_whatever_is_allowed_reads_the_same_again(url):
    found = read_address(url)
    if found is not None:
        assert read_address(found.url) == found
        assert "@" not in found.host
