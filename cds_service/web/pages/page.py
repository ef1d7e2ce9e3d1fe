"""Pages from templates, and the files they load."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, request
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cds_service.web.pages.assets import PREFIX, Assets
from cds_service.web.pages.policy import page_headers

_HERE = Path(__file__).parent
_A_YEAR = 31_536_000


@dataclass(frozen=True, slots=True)
class Link:
    """An entry of the navigation: what it says and where it leads."""

    text: str
    href: str


class Pages:
    """Templates and files of the pages; keeps nothing between calls."""

    def __init__(self, navigation: Iterable[Link] = ()) -> None:
        """Read the files; `navigation` is shown at the top of every page."""
        self._assets = Assets(_HERE / "static")
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["asset"] = self._assets.url
        self._templates.globals["navigation"] = tuple(navigation)

    def answer(
        self,
        template: str,
        *,
        title: str,
        connect: Iterable[str] = (),
        text_only: bool = False,
        **values: Any,
    ) -> Response:
        """Return the page that `template` makes of `values`; whatever it shows is escaped.

        `connect` are the origins besides our own that its scripts may call; with `text_only` they
        may set text but never markup.
        """
        text = self._templates.get_template(template).render(
            title=title, path=request.path.rstrip("/"), **values
        )
        return Response(
            text, mimetype="text/html", headers=page_headers(connect, text_only=text_only)
        )

    def blueprint(self) -> Blueprint:
        """Return the route of the static files.

        An address holds a hash of the content, so that what is at it never changes and browsers
        keep it. Where two versions of the service run side by side, a page of the other version
        gets our file, to be asked for again.
        """
        routes = Blueprint("pages", __name__)

        @routes.get(f"{PREFIX}/<version>/<path:name>")
        def asset(version: str, name: str) -> Response:
            found = self._assets.find(name)
            if found is None:
                abort(404)
            gzipped = request.accept_encodings.quality("gzip") > 0
            response = Response(
                found.compressed if gzipped else found.content, content_type=found.media_type
            )
            if gzipped:
                response.headers["Content-Encoding"] = "gzip"
            response.vary.add("Accept-Encoding")
            response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
            if version == self._assets.version:
                response.cache_control.public = True
                response.cache_control.max_age = _A_YEAR
                response.cache_control.immutable = True
            else:
                response.cache_control.no_cache = True
            return response

        return routes
