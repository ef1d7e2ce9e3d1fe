"""The service in processes of its own, with an advisor that takes as long as a call asks for."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from tests.fake_advisor import order_select

ROOT = Path(__file__).parents[2]
SELECT = "/cds-services/imaging-order-select"
SCRIPT = Path(__file__).parent / "slow_service.py"
HELD = "held"
WAIT = 120


class Service:
    """The slow service, and what it printed."""

    def __init__(self, notice=0.0, grace=10.0, workers=2):
        self._home = tempfile.TemporaryDirectory()
        self._released = Path(self._home.name) / "released"
        arguments = (str(notice), str(grace), str(workers), str(self._released))
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self.port = int(self.process.stdout.readline())
        self.lines = []
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        self.lines.extend(line.strip() for line in iter(self.process.stdout.readline, ""))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        self.process.stderr.close()
        self._home.cleanup()

    def release(self):
        """Let the calls that are held be answered."""
        self._released.touch()

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT)
        try:
            headers = {"Content-Type": "application/json"}
            connection.request(method, path, json.dumps(body) if body else None, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def end(self):
        code = self.process.wait(WAIT)
        self.reader.join()
        return code

    @property
    def workers(self):
        """The process numbers of its workers."""
        pid = self.process.pid
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
        return [int(word) for word in text.split()]

    def worker_of(self, port):
        """Return the worker that has the connection which comes from local `port`."""
        held = {
            f"socket:[{columns[9]}]"
            for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
            if (columns := line.split())[2].endswith(f":{port:04X}")
        }
        for worker in self.workers:
            if held & set(_files_of(worker)):
                return worker
        return None


def _files_of(process):
    for each in Path(f"/proc/{process}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            yield str(each.readlink())


def call_that_takes(seconds) -> dict[str, Any]:
    """Return a call that takes so many seconds to answer; `HELD`: until held calls are released."""
    call = order_select()
    patient = f"wait-{seconds}"
    order = call["context"]["draftOrders"]["entry"][0]["resource"]
    order["subject"]["reference"] = f"Patient/{patient}"
    call["context"]["patientId"] = patient
    made: dict[str, Any] = json.loads(json.dumps(call))
    return made
