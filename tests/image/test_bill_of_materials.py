"""The bill of materials lists what is installed: here of this environment, laid out as an image."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.utils import canonicalize_name

from deploy.image import sbom
from deploy.image.lock import read_lock

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.lock"
TIME = datetime(2026, 11, 26, tzinfo=UTC)
STATUS = """\
Package: zlib1g
Status: install ok installed
Architecture: amd64
Version: 1:1.2.13.dfsg-1

Package: tzdata
Status: install ok installed
Architecture: all
Version: 2026b-0+deb12u1

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1.0
"""
ZLIB = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: 1995 the authors
License: Zlib

License: Zlib
 Do as you like.
"""


@pytest.fixture(scope="module")
def locked():
    return read_lock(LOCK, default_environment())


@pytest.fixture(scope="module")
def root(tmp_path_factory, locked) -> Path:
    """Return a file system that holds the locked packages of this environment, and the project."""
    root = tmp_path_factory.mktemp("root")
    site = root / "opt/advisor/lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    site.mkdir(parents=True)
    for information in (found for entry in sys.path for found in Path(entry).glob("*.dist-info")):
        name = canonicalize_name(information.name.partition("-")[0])
        target = site / information.name
        if name in {*locked, sbom.PROJECT} and not target.exists():
            target.symlink_to(information)
    for path, text in {
        "opt/advisor/pyvenv.cfg": f"home = /usr/local/bin\nversion = {sys.version.split()[0]}\n",
        "etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 12"\nVERSION_ID="12"\n',
        "var/lib/dpkg/status": STATUS,
        "usr/share/doc/zlib1g/copyright": ZLIB,
        "usr/share/doc/tzdata/copyright": "In the public domain.\n",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def bill(root):
    return json.loads(sbom.bill(root, LOCK, TIME))


def of(bill, kind):
    return {
        each["name"]: each for each in bill["components"] if each["purl"].startswith(f"pkg:{kind}/")
    }


def test_it_lists_exactly_the_locked_packages_with_their_versions(bill, locked):
    listed = {name: each["version"] for name, each in of(bill, "pypi").items()}
    assert listed.pop(sbom.PROJECT)
    assert listed == {name: each.version for name, each in locked.items()}


def test_every_python_package_has_a_licence_and_the_hashes_it_was_installed_by(bill, locked):
    for name, each in of(bill, "pypi").items():
        assert each["licenses"], name
        if name != sbom.PROJECT:
            (origin,) = each["externalReferences"]
            hashes = {found["content"] for found in origin["hashes"]}
            assert hashes == set(locked[name].sha256)
            assert hashes


def test_it_says_what_needs_what_and_leaves_nothing_unexplained(bill):
    needs = {each["ref"]: set(each.get("dependsOn", ())) for each in bill["dependencies"]}
    reached, open_ = set(), {"image"}
    while open_:
        reached |= open_
        open_ = {inner for each in open_ for inner in needs[each]} - reached
    assert reached == {"image", *(each["bom-ref"] for each in bill["components"])}
    flask = next(each["bom-ref"] for each in bill["components"] if each["name"] == "flask")
    assert any(each.startswith("pkg:pypi/werkzeug@") for each in needs[flask])


def test_it_lists_what_wheels_carry_inside(bill):
    carried = {each["name"] for each in of(bill, "pypi")["cryptography"]["components"]}
    assert "openssl" in {name.lower() for name in carried}


def test_it_lists_the_interpreter(bill):
    assert of(bill, "generic")["python"]["version"] == sys.version.split()[0]


def test_it_lists_the_installed_debian_packages_with_release_and_licence(bill):
    found = of(bill, "deb")
    assert set(found) == {"zlib1g", "tzdata"}
    assert found["zlib1g"]["purl"].startswith("pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1?")
    assert "distro=debian-12" in found["zlib1g"]["purl"]
    assert found["zlib1g"]["licenses"] == [{"license": {"name": "Zlib"}}]
    assert "licenses" not in found["tzdata"], "a notice that no machine can read names no licence"


def test_the_same_files_give_the_same_bytes_and_other_files_another_serial_number(root, bill):
    again = json.loads(sbom.bill(root, LOCK, TIME))
    assert again == bill
    status = root / "var/lib/dpkg/status"
    status.write_text(STATUS.replace("2026b", "2026c"), encoding="utf-8")
    changed = json.loads(sbom.bill(root, LOCK, TIME))
    status.write_text(STATUS, encoding="utf-8")
    assert changed["serialNumber"] != bill["serialNumber"]


def test_a_package_for_another_system_or_another_python_is_not_expected(tmp_path):
    lock = tmp_path / "some.lock"
    lock.write_text(
        "one==1 ; sys_platform == 'win32' \\\n    --hash=sha256:" + "a" * 64 + "\n"
        "Two.Parts[extra]==2 \\\n    --hash=sha256:" + "b" * 64 + "\n    # via nothing\n",
        encoding="utf-8",
    )
    found = read_lock(lock, {**default_environment(), "sys_platform": "linux"})
    assert {name: (each.version, each.sha256) for name, each in found.items()} == {
        "two-parts": ("2", ("b" * 64,))
    }


def test_a_lock_that_does_not_pin_is_refused(tmp_path):
    lock = tmp_path / "some.lock"
    lock.write_text("one>=1\n", encoding="utf-8")
    with pytest.raises(ValueError, match="does not pin one to one version"):
        read_lock(lock, default_environment())
