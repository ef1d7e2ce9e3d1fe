"""A small real server of key sets on loopback, which can also misbehave."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Json = dict[str, Any]


class KeyServer:
    """Serves `keys` as a JWK Set at `url`; `requests` counts what was asked."""

    def __init__(self, *keys: Json) -> None:
        self.keys = list(keys)
        self.status = 200
        self.location = ""
        self.body: bytes | None = None
        self.drip = 0.0
        self.requests: list[Json] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests.append({"path": self.path, **self.headers})
                body = outer.body
                if body is None:
                    body = json.dumps({"keys": outer.keys}).encode()
                self.send_response(outer.status)
                if outer.location:
                    self.send_header("Location", outer.location)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    if outer.drip:
                        for byte in body:
                            self.wfile.write(bytes([byte]))
                            time.sleep(outer.drip)
                    else:
                        self.wfile.write(body)
                except OSError:
                    pass  # the reader had enough

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.url = f"http://127.0.0.1:{self._server.server_port}/jwks.json"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
