"""The order-entry page with a real FHIR server behind it (make demo-fhir).

Starts the FHIR server beside this file, loads the synthetic charts into it, and serves the page on
them: the advisor is given the server and a token instead of a prefetch. Arguments are those of
``imaging-advisor serve``. Everything ends together, and nothing is kept.
"""

import os
import secrets
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import requests

from cds_service.web.demo.charts import demo_patients

_HERE = Path(__file__).parent
_WAIT = 30
_PATIENCE = "5"
"""Seconds for all reads of a call: the server shares a busy machine with browser and service."""


def main() -> int:
    """Run both until the service ends; return its exit code, or 1 if there is no FHIR server."""
    token = secrets.token_urlsafe(32)
    server = subprocess.Popen(
        ["node", str(_HERE / "server.mjs")],
        env={**os.environ, "DEMO_FHIR_TOKEN": token, "PORT": os.environ.get("DEMO_FHIR_PORT", "0")},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        base = server.stdout.readline().strip() if server.stdout else ""
        if not base:
            print("The FHIR server did not start.", file=sys.stderr)
            return 1
        count = load(base, token)
        print(f"FHIR server {base}: {count} records of {len(demo_patients())} synthetic patients.")
        sys.stdout.flush()
        return serve(base, token, sys.argv[1:])
    finally:
        server.terminate()
        server.wait(_WAIT)


def load(base: str, token: str) -> int:
    """Put all charts of today onto the server; return how many records that are."""
    resources = [
        resource
        for patient in demo_patients().values()
        for resource in patient.resources(datetime.now(UTC).date())
    ]
    with requests.Session() as session:
        session.trust_env = False  # the server is on this machine: no proxy
        session.headers["Authorization"] = f"Bearer {token}"
        for resource in resources:
            address = f"{base}/{resource['resourceType']}/{resource['id']}"
            session.put(address, json=resource, timeout=_WAIT).raise_for_status()
    return len(resources)


def serve(base: str, token: str, arguments: list[str]) -> int:
    """Serve the page on that FHIR server; return the exit code of the service."""
    own = {
        "CDS_DEMO_FHIR": base,
        "CDS_DEMO_FHIR_TOKEN": token,
        "CDS_FHIR_SERVERS": base,
        "CDS_FHIR_DEADLINE": os.environ.get("CDS_FHIR_DEADLINE", _PATIENCE),
    }
    service = subprocess.Popen(
        [sys.executable, "-m", "cds_service.cli", "serve", "--demo", *arguments],
        env={**os.environ, **own},
    )
    signal.signal(signal.SIGTERM, lambda *_: service.terminate())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal tells the service too
    return service.wait()


if __name__ == "__main__":
    sys.exit(main())
