"""Writes what an image holds as a CycloneDX 1.6 bill of materials.

Read are the files of the image, nothing in it is run: the installed Python packages (PEP 376, with
the licences of PEP 639), the libraries that wheels carry and declare (PEP 770), CPython, and the
packages that dpkg lists. The hashes of Python packages are those of the lock file, by which they
were installed. The same image gives the same bytes.

``make sbom``, or ``python -m deploy.image.sbom --lock requirements.lock`` with the image in IMAGE.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import (
    ExternalReference,
    ExternalReferenceType,
    HashAlgorithm,
    HashType,
    XsUri,
)
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense, License
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation import make_schemabased_validator
from debian.copyright import Copyright, MachineReadableFormatError, NotMachineReadableError
from debian.deb822 import Deb822
from packageurl import PackageURL
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.image.container import mounted
from deploy.image.lock import Locked, read_lock

PROJECT = "imaging-order-advisor"
VERSION = SchemaVersion.V1_6

_ENVIRONMENT = Path("opt/advisor")
_CLASSIFIER = "License :: OSI Approved :: "
_LONGEST_NAME = 64
"""Longer texts in a License field are the licence itself, not its name."""
_KEPT = {"type", "name", "version", "purl", "licenses", "hashes"}
"""What is taken over of what wheels declare; the rest is about how the declaration was made."""


def marker_environment(root: Path) -> dict[str, str]:
    """Return the PEP 508 environment of the Python in the image at `root`."""
    version = _python_version(root)
    return {
        **default_environment(),
        "python_full_version": version,
        "python_version": ".".join(version.split(".")[:2]),
    }


def python_packages(
    installed: Iterable[Distribution], locked: Mapping[str, Locked]
) -> dict[str, Component]:
    """Return a component for each of the `installed` packages, by canonical name."""
    components = {}
    for each in installed:
        name = canonicalize_name(each.name)
        purl = PackageURL("pypi", name=name, version=each.version)
        reference = str(purl)
        components[name] = Component(
            type=ComponentType.APPLICATION if name == PROJECT else ComponentType.LIBRARY,
            name=name,
            version=each.version,
            purl=purl,
            bom_ref=reference,
            licenses=_licences(each),
            external_references=_origin(locked.get(name)),
            components=_carried(each, reference),
        )
    return components


def requirements_of(
    installed: Distribution, environment: Mapping[str, str], extras: Iterable[str] = ()
) -> set[tuple[str, frozenset[str]]]:
    """Return what `installed` needs in `environment`: canonical names, each with its extras."""
    needed = set()
    for text in installed.requires or ():
        requirement = Requirement(text)
        wanted = {"", *extras}
        if requirement.marker is None or any(
            requirement.marker.evaluate({**environment, "extra": extra}) for extra in wanted
        ):
            needed.add((canonicalize_name(requirement.name), frozenset(requirement.extras)))
    return needed


def debian_packages(root: Path) -> list[Component]:
    """Return a component for each Debian package that is installed in the image at `root`."""
    release = dict(
        line.split("=", 1)
        for line in (root / "etc/os-release").read_text(encoding="utf-8").splitlines()
        if "=" in line
    )
    distro = "debian-" + release["VERSION_ID"].strip('"')
    found = []
    with (root / "var/lib/dpkg/status").open(encoding="utf-8") as status:
        for package in Deb822.iter_paragraphs(status, use_apt_pkg=False):
            if package["Status"] != "install ok installed":
                continue
            purl = PackageURL(
                "deb",
                "debian",
                package["Package"],
                package["Version"],
                {"arch": package["Architecture"], "distro": distro},
            )
            notice = root / "usr/share/doc" / package["Package"] / "copyright"
            found.append(
                Component(
                    type=ComponentType.LIBRARY,
                    name=package["Package"],
                    version=package["Version"],
                    purl=purl,
                    bom_ref=str(purl),
                    licenses=_debian_licences(notice),
                )
            )
    return found


def bill(root: Path, lock: Path, time: datetime) -> str:
    """Return the bill of materials of the image at `root`, made at `time`, as JSON.

    Raises:
        ValueError: it does not fit the schema of CycloneDX.
    """
    environment = marker_environment(root)
    (site,) = (root / _ENVIRONMENT / "lib").glob("python3.*/site-packages")
    installed = {canonicalize_name(each.name): each for each in distributions(path=[str(site)])}
    python = python_packages(installed.values(), read_lock(lock, environment))
    debian = debian_packages(root)
    interpreter = _interpreter(root)
    image = Component(
        type=ComponentType.CONTAINER,
        name=PROJECT,
        version=installed[PROJECT].version,
        bom_ref="image",
    )
    bom = Bom(
        components=[*python.values(), interpreter, *debian],
        metadata=BomMetaData(component=image, timestamp=time),
    )
    bom.register_dependency(image, [python[PROJECT], interpreter, *debian])
    for name, extras in _reached(installed, environment).items():
        needed = requirements_of(installed[name], environment, extras)
        bom.register_dependency(python[name], [python[each] for each, _ in needed])
    # the serial number is that of the content, so that two makings can be compared
    bom.serial_number = uuid5(NAMESPACE_URL, _contents(bom))
    text = make_outputter(bom, OutputFormat.JSON, VERSION).output_as_string(indent=2)
    if problem := make_schemabased_validator(OutputFormat.JSON, VERSION).validate_str(text):
        raise ValueError(f"the bill of materials does not fit its schema: {problem}")
    return text + "\n"


def _reached(
    installed: Mapping[str, Distribution], environment: Mapping[str, str]
) -> dict[str, frozenset[str]]:
    """Return the packages that the project needs, directly or not, with the extras asked for."""
    reached: dict[str, frozenset[str]] = {}
    open_: list[tuple[str, frozenset[str]]] = [(PROJECT, frozenset())]
    while open_:
        name, extras = open_.pop()
        if name in reached and extras <= reached[name]:
            continue
        reached[name] = reached.get(name, frozenset()) | extras
        open_ += requirements_of(installed[name], environment, reached[name])
    return reached


def _contents(bom: Bom) -> str:
    written = json.loads(make_outputter(bom, OutputFormat.JSON, VERSION).output_as_string())
    del written["serialNumber"]
    return json.dumps(written, sort_keys=True)


def _interpreter(root: Path) -> Component:
    version = _python_version(root)
    purl = PackageURL("generic", name="python", version=version)
    return Component(
        type=ComponentType.PLATFORM,
        name="python",
        version=version,
        purl=purl,
        bom_ref=str(purl),
        licenses=[LicenseFactory().make_from_string("PSF-2.0")],
        cpe=f"cpe:2.3:a:python:python:{version}:*:*:*:*:*:*:*",
    )


def _python_version(root: Path) -> str:
    """Return the version of Python that the environment in the image was made with."""
    written = (root / _ENVIRONMENT / "pyvenv.cfg").read_text(encoding="utf-8")
    values = dict(map(str.strip, line.split("=", 1)) for line in written.splitlines())
    return values["version"]


def _licences(installed: Distribution) -> list[License]:
    """Return the licences that a package states, in the most exact of the forms it states them."""
    written = installed.metadata
    if expression := written.get("License-Expression"):
        return [LicenseFactory().make_from_string(expression)]
    classified = [
        each.removeprefix(_CLASSIFIER)
        for each in written.get_all("Classifier") or ()
        if each.startswith(_CLASSIFIER)
    ]
    stated = (written.get("License") or "").strip()
    if stated and len(stated) <= _LONGEST_NAME and "\n" not in stated:
        return [LicenseFactory().make_from_string(stated)]
    return [DisjunctiveLicense(name=each) for each in classified]


def _debian_licences(notice: Path) -> list[License]:
    """Return the licences that a machine-readable copyright file names, in Debian's words."""
    try:
        with notice.open(encoding="utf-8") as file:
            paragraphs = list(Copyright(file, strict=False).all_files_paragraphs())
    except (OSError, NotMachineReadableError, MachineReadableFormatError, ValueError):
        return []
    names = {each.license.synopsis for each in paragraphs if each.license}
    return [DisjunctiveLicense(name=name) for name in sorted(filter(None, names))]


def _origin(locked: Locked | None) -> Iterator[ExternalReference]:
    if locked is not None:
        yield ExternalReference(
            type=ExternalReferenceType.DISTRIBUTION,
            url=XsUri(f"https://pypi.org/project/{locked.name}/{locked.version}/"),
            comment="one of the files with these hashes was installed",
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=each) for each in locked.sha256],
        )


def _carried(installed: Distribution, outer: str) -> Iterator[Component]:
    """Return what a wheel declares to carry besides its own code (PEP 770)."""
    seen = {outer}
    for file in sorted(installed.files or ()):
        if file.parts[0].endswith(".dist-info") and file.parts[1] == "sboms":
            for component in _declared(json.loads(file.read_text(encoding="utf-8"))):
                purl = component.purl
                # the wheel names itself among its parts
                own = purl is not None and canonicalize_name(purl.name) == canonicalize_name(
                    installed.name
                )
                reference = f"{outer}#{purl or component.name}"
                if not own and reference not in seen:
                    seen.add(reference)
                    yield Component(
                        type=component.type,
                        name=component.name,
                        version=component.version,
                        purl=purl,
                        bom_ref=reference,
                        licenses=component.licenses,
                        hashes=component.hashes,
                    )


def _declared(written: Any) -> Iterable[Component]:
    if written.get("bomFormat") != "CycloneDX":
        return ()
    parts = [
        {name: value for name, value in each.items() if name in _KEPT}
        for each in written.get("components", ())
    ]
    bom = Bom.from_json({"components": parts})
    return bom.components if isinstance(bom, Bom) else ()


def main() -> int:
    """Write the bill of materials of the image that IMAGE names to standard output."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lock", type=Path, required=True, help="the runtime lock file")
    arguments = parser.parse_args()
    with mounted(os.environ["IMAGE"]) as image:
        sys.stdout.write(bill(image.root, arguments.lock, datetime.fromisoformat(image.created)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
