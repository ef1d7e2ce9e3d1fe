"""The web application: the advisor behind its routes."""

from importlib import import_module
from typing import TYPE_CHECKING

from flask import Flask, Response

from cds_service.settings import Settings
from cds_service.web import call_log, cors, discovery, errors, gate, health, scrape, services
from cds_service.web.calls import ServiceCalls
from cds_service.web.insights import routes as insights
from cds_service.web.insights import sign_in
from cds_service.web.metrics import rule_ids
from cds_service.web.operations import Operations, operations
from cds_service.web.pages.page import Pages

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from cds_service.advisor import Advisor
    from cds_service.web.pages.page import Link


def create_app(settings: Settings, advisor: "Advisor", parts: Operations | None = None) -> Flask:
    """Return the WSGI application that answers with the cards of `advisor`.

    It is ready as soon as it exists: the advisor's content was loaded and checked before. `parts`
    are by default those of a trial on one machine, without a journal.
    """
    parts = parts or operations(settings, advisor)
    app = Flask("cds_service", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.url_map.merge_slashes = False  # a redirect would lose the browser client's preflight
    app.extensions[scrape.EXTENSION] = parts.metrics
    put_in_force(app, advisor, parts)

    def in_force() -> "Advisor":
        found: Advisor = app.extensions["advisor"]  # see put_in_force
        return found

    def origins() -> tuple[str, ...]:
        return (*settings.cors_origins, *parts.registry.current.origins)

    # Functions after a request run last registered first: the log line comes last of all.
    call_log.register(app)
    cors.register(app, origins)
    app.after_request(_no_sniffing)
    errors.register(app)
    gate.register(app, parts.gate)

    app.register_blueprint(discovery.blueprint(parts.authenticate))
    app.register_blueprint(services.blueprint(settings, parts))
    app.register_blueprint(scrape.blueprint(public=settings.metrics_public))
    pages = _add_pages(app, settings, parts, in_force)
    app.register_blueprint(health.blueprint(parts.health, pages))
    app.wsgi_app = ServiceCalls(  # type: ignore[method-assign] # as Flask documents it
        app.wsgi_app, settings, parts, in_force, origins
    )
    return app


def put_in_force(app: Flask, advisor: "Advisor", parts: Operations) -> None:
    """Answer all calls of `app` that start from now on with `advisor`, that is with its content.

    A call takes the app's extension ``advisor`` once, so that one in flight ends with the content
    it began with.
    """
    advisor.observe_read = parts.metrics.fhir_read
    advisor.while_reading = parts.gate.reading
    content = getattr(advisor, "content", None)
    parts.metrics.content(advisor.content_version, rule_ids(content) if content else ())
    parts.health.content_version = advisor.content_version
    app.extensions["advisor"] = advisor


def _add_pages(
    app: Flask, settings: Settings, parts: Operations, in_force: "Callable[[], Advisor]"
) -> "list[Link]":
    """Add the pages that are on, and what they share; return where each is.

    The order-entry page is for a trial on one machine: where clients have to authenticate it is
    off, because a browser that plays an EHR has no token.
    """
    local_mode = parts.registry.current.local_mode
    demo = _demo() if settings.demo and local_mode else None
    let_in = sign_in.gate(settings, local_mode=local_mode)
    navigation = [demo.LINK] if demo else []
    if let_in:
        navigation.append(insights.LINK)
    if not navigation:
        return []
    pages = Pages(navigation)
    app.register_blueprint(pages.blueprint())
    if demo:
        app.register_blueprint(demo.blueprint(settings, in_force, parts, pages))
    if let_in:
        app.register_blueprint(insights.blueprint(settings, in_force, parts, pages, let_in))
    return navigation


def _demo() -> "ModuleType":
    """Return the routes of the order-entry page."""
    # a service for others never has it, and it takes long to import
    return import_module("cds_service.web.demo.routes")


def _no_sniffing(response: Response) -> Response:
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
