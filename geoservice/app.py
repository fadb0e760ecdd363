"""create_app: a few visible steps, no logic."""

from __future__ import annotations

from functools import partial

from flask_openapi3 import APIBlueprint, Info, OpenAPI
from flask_openapi3.models import Schema

from geoservice.api.alerts import alerts_blueprint
from geoservice.api.audit import audit_blueprint
from geoservice.api.changes import changes_blueprint
from geoservice.api.deciding import deciding_blueprint
from geoservice.api.documents import documents_blueprint
from geoservice.api.drafts import drafts_blueprint
from geoservice.api.editions import editions_blueprint
from geoservice.api.erasure import erasure_blueprint
from geoservice.api.exports import exports_blueprint
from geoservice.api.fast_path import FastPath
from geoservice.api.features import features_blueprint
from geoservice.api.following import following_blueprint
from geoservice.api.grants import accounts_blueprint as accounts_api
from geoservice.api.grids import grids_blueprint
from geoservice.api.handling import handling_blueprint
from geoservice.api.healing import healing_blueprint
from geoservice.api.health import health_blueprint
from geoservice.api.impact import impact_blueprint
from geoservice.api.incidents import incidents_blueprint
from geoservice.api.jurisdictions import jurisdictions_blueprint
from geoservice.api.keys import keys_blueprint as keys_api
from geoservice.api.layers import layers_blueprint
from geoservice.api.outlines import outlines_blueprint
from geoservice.api.ownership import ownership_blueprint
from geoservice.api.places import places_blueprint
from geoservice.api.population import population_blueprint
from geoservice.api.postings import postings_blueprint
from geoservice.api.proposals import proposals_blueprint
from geoservice.api.publishing import publishing_blueprint
from geoservice.api.search import search_blueprint
from geoservice.api.services import services_blueprint
from geoservice.api.staff import staff_blueprint
from geoservice.api.visits import visits_blueprint
from geoservice.api.webhooks import webhooks_blueprint
from geoservice.ogc import refusing as ogc
from geoservice.ogc.answers import ASSET_URL
from geoservice.ogc.views import ogc_blueprint
from geoservice.open311.endpoint import Endpoint
from geoservice.open311.refusing import PREFIX, Refused, problem_response, refusal
from geoservice.open311.views import open311_blueprint
from geoservice.pages.accounts.pages import accounts_blueprint
from geoservice.pages.admin.pages import admin_blueprint
from geoservice.pages.audit.pages import audit_page_blueprint
from geoservice.pages.compare.pages import Comparing, compare_blueprint
from geoservice.pages.desk.pages import desk_blueprint
from geoservice.pages.desk.rendering import Shown
from geoservice.pages.editor.pages import Editing, editor_blueprint
from geoservice.pages.figures.pages import figures_blueprint
from geoservice.pages.maps.pages import maps_blueprint
from geoservice.pages.maps.rasters import rasters_blueprint
from geoservice.pages.monthly.pages import monthly_blueprint
from geoservice.pages.officer.pages import officer_blueprint
from geoservice.pages.print.pages import print_blueprint
from geoservice.pages.report.pages import report_blueprint
from geoservice.pages.shell.files import asset_address, files_blueprint
from geoservice.pages.shell.refusing import register_pages
from geoservice.pages.shell.streams import stream_url
from geoservice.pages.wall.pages import WallSources, wall_blueprint
from geoservice.settings import Settings
from geoservice.tiles.cache import TileCache
from geoservice.tiles.fast_path import TileFastPath
from geoservice.tiles.views import tiles_blueprint
from geoservice.web.admission import admit
from geoservice.web.converters import KeyConverter
from geoservice.web.entry import Entry
from geoservice.web.guard import Identify, enforce, guard
from geoservice.web.json import OrjsonProvider
from geoservice.web.located import locating
from geoservice.web.metrics import RequestMetrics
from geoservice.web.parsing import check_request
from geoservice.web.pipeline import before_request_chain
from geoservice.web.problems import Problem, register_problem_format, register_problems
from geoservice.web.rate_limits import RateLimits
from geoservice.web.security import HEADERS, add_security_headers, trusted_hosts
from geoservice.web.traces import leave_traces
from geoservice.web.validation import abort_with_validation
from geoservice.wiring import Services, build_services

INFO = Info(
    title="geoservice",
    version="1",
    description="Which grid owns a place, who serves there, and what became of every report."
    " Layers as OGC API Features, with descriptions of their own, are under /ogc.",
)
KEY = {"type": "http", "scheme": "bearer", "description": "An API key, grd_…"}


def create_app(settings: Settings | None = None, *, services: Services | None = None) -> OpenAPI:
    """Return the Flask application.

    Parameters
    ----------
    settings
        Read from the environment when None.
    services
        Built from the settings when None.
    """
    settings = settings or Settings()
    services = services or build_services(settings)
    app = OpenAPI(
        "geoservice", info=INFO, security_schemes={"key": KEY}, doc_ui=False, static_folder=None,
        template_folder="web/templates", validation_error_callback=abort_with_validation,
    )  # fmt: skip
    app.json = OrjsonProvider(app)
    app.url_map.converters["key"] = KeyConverter
    app.components_schemas["Problem"] = Schema(**Problem.model_json_schema(ref_template="#/components/schemas/{model}"))
    metrics, limits = RequestMetrics(), RateLimits.of(settings)
    identify = limits.watching(services.keys.identify, services.keys.identify_from_memory)
    if services.cache is not None:
        metrics.watch_cache(services.cache)
    add_security_headers(app, settings)
    leave_traces(app, services.audit.note_refusal)
    before_request_chain(
        app,
        metrics.watch(app),
        admit(app, threads=settings.threads),
        enforce(
            app,
            identify,
            limits.watching(services.keys.identify_for_look_up, services.keys.identify_from_memory),
            services.sessions.find,
            services.visiting.shown,
            locating(services.locating.jurisdictions_of),
        ),
        limits.limit(app),
        check_request(threads=settings.threads),
    )
    if services.cache is None:  # which else brings own layers to the catalogue
        app.before_request(lambda: services.own_layers.renew(every_s=settings.compare_every_s))
    register_problems(app)
    for blueprint in _interfaces(services, metrics, identify, public_reports=settings.public_reports):
        app.register_api(blueprint)
    app.register_error_handler(Refused, refusal)
    register_problem_format(app, PREFIX, problem_response)
    app.register_blueprint(
        ogc_blueprint(services.items, services.features, services.tiles, most=settings.ogc_page_features)
    )
    app.extensions[ASSET_URL] = asset_address
    register_problem_format(app, ogc.PREFIX, ogc.problem_response)
    app.register_blueprint(documents_blueprint())
    _add_pages(app, services, settings)
    _answer_from_memory(app, settings, services, limits, metrics)
    return app


def _answer_from_memory(
    app: OpenAPI, settings: Settings, services: Services, limits: RateLimits, metrics: RequestMetrics
) -> None:  # fmt: skip
    """Have plain look-ups and tiles answered before the application is asked, where memory knows the answer."""
    entry = Entry(
        services.keys.identify_from_memory, services.visiting.shown_from_memory, limits, trusted_hosts(settings)
    )
    if settings.tile_memory_bytes:
        app.wsgi_app = TileFastPath(  # type: ignore[method-assign]
            app.wsgi_app, services.tiles, TileCache(settings.tile_memory_bytes), entry, metrics, HEADERS
        )
    if settings.fast_path:
        app.wsgi_app = FastPath(  # type: ignore[method-assign]
            app.wsgi_app, services.ownership, entry, metrics, HEADERS
        )


def _add_pages(app: OpenAPI, services: Services, settings: Settings) -> None:
    """Add the pages for people; those of staff share a frame, and what is told instead of them."""
    app.register_blueprint(maps_blueprint(services.viewing, services.mapping, guard, lambda: stream_url(settings)))
    shown_on_walls = WallSources(services.viewing, services.mapping, services.figures)
    app.register_blueprint(wall_blueprint(shown_on_walls, guard, lambda: stream_url(settings)))
    app.register_blueprint(compare_blueprint(Comparing(services.viewing, services.editions, services.grids), guard))
    app.register_blueprint(rasters_blueprint(services.rasters, guard))
    app.register_blueprint(print_blueprint(services.sheets, services.mapping, guard))
    app.register_blueprint(editor_blueprint(Editing(services.viewing, services.editions, services.drafts), guard))
    app.register_blueprint(
        accounts_blueprint(
            services.sessions, services.second_factors, services.provider, guard, proxies=settings.proxies
        )
    )
    app.register_blueprint(report_blueprint(services.viewing, guard, public_reports=settings.public_reports))
    for room in ("/admin", "/audit", "/desk", "/figures", "/maps"):
        register_pages(app, room)
    app.register_blueprint(files_blueprint(guard))
    listens = partial(stream_url, settings)
    app.register_blueprint(
        officer_blueprint(services.handling, services.viewing, guard, listens, keep_s=settings.session_idle_s)
    )
    shown = Shown(stream_url=listens)
    app.register_blueprint(admin_blueprint(services.administration, services.viewing, guard))
    app.register_blueprint(audit_page_blueprint(services.audit, services.viewing, guard))
    app.register_blueprint(desk_blueprint(services.desk, services.handling, services.viewing, guard, shown))
    app.register_blueprint(figures_blueprint(services.figures, services.viewing, guard))
    app.register_blueprint(monthly_blueprint(services.monthly, guard))


def _interfaces(
    services: Services, metrics: RequestMetrics, identify: Identify, *, public_reports: bool
) -> tuple[APIBlueprint, ...]:  # fmt: skip
    """Return the interfaces for machines, each with its documents."""
    return (
        health_blueprint(services.health, metrics),
        ownership_blueprint(services.ownership),
        places_blueprint(services.places),
        search_blueprint(services.searching),
        jurisdictions_blueprint(services.viewing, services.incidents),
        population_blueprint(services.population),
        layers_blueprint(),
        features_blueprint(services.features),
        changes_blueprint(services.features),
        tiles_blueprint(services.tiles, services.visiting),
        grids_blueprint(services.grids),
        exports_blueprint(services.exports),
        editions_blueprint(services.editions, services.drafts),
        drafts_blueprint(services.drafts),
        deciding_blueprint(services.deciding),
        healing_blueprint(services.drafts),
        proposals_blueprint(services.proposals),
        impact_blueprint(services.editions),
        outlines_blueprint(services.outlines, services.viewing),
        publishing_blueprint(services.editions, services.drafts),
        incidents_blueprint(services.incidents),
        handling_blueprint(services.handling, services.incidents),
        following_blueprint(services.handling, services.incidents, public_reports=public_reports),
        erasure_blueprint(services.retention, services.handling),
        alerts_blueprint(services.alerts),
        postings_blueprint(services.handling, services.staff),
        staff_blueprint(services.staff),
        services_blueprint(services.service_lists),
        visits_blueprint(services.visits),
        webhooks_blueprint(services.webhooks),
        accounts_api(services.administration.accounts),
        keys_api(services.administration.keys),
        audit_blueprint(services.audit),
        open311_blueprint(Endpoint(services.viewing, services.incidents, identify, services.visiting)),
    )
