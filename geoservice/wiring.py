"""Who gets what: the only place that picks implementations and opens the database."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from geoservice.embedded.cluster import Cluster
from geoservice.embedded.stepping_down import server_account
from geoservice.errors import NoDatabase
from geoservice.lazy_modules import lazily
from geoservice.reading.limits import Limits
from geoservice.services.accounts.accounts import AccountService
from geoservice.services.accounts.providers import ProviderSignInService
from geoservice.services.accounts.second_factors import SecondFactorService
from geoservice.services.accounts.sessions import SessionLimits, SessionService
from geoservice.services.administration.accounts import AccountAdministration
from geoservice.services.administration.grants import GrantAdministration
from geoservice.services.administration.keys import KeyAdministration
from geoservice.services.administration.service import Administration
from geoservice.services.alerts import AlertService
from geoservice.services.audit.anchors import AnchorFile
from geoservice.services.audit.service import AuditService
from geoservice.services.calendars import CalendarService
from geoservice.services.clock import JOBS, Job, Scheduler
from geoservice.services.desk import DeskService
from geoservice.services.drafting.deciding import DecidingService
from geoservice.services.drafting.outlines import OutlineService
from geoservice.services.drafting.proposals import ProposalService
from geoservice.services.drafting.service import DraftService
from geoservice.services.editions import EditionService
from geoservice.services.events import EventService
from geoservice.services.exporting import ExportService
from geoservice.services.figures import FiguresService
from geoservice.services.grants import GrantService
from geoservice.services.grids import GridService
from geoservice.services.handling import HandlingService
from geoservice.services.health import HealthService
from geoservice.services.incidents import IncidentService
from geoservice.services.jurisdictions import JurisdictionService
from geoservice.services.keys import KeyService
from geoservice.services.layers.features import FeatureService
from geoservice.services.layers.importing import LayerImportService
from geoservice.services.layers.items import ItemService
from geoservice.services.layers.own import OwnLayerLimits, OwnLayerService
from geoservice.services.layers.states import LayerStateService
from geoservice.services.layers.upload_store import UploadStore
from geoservice.services.layers.uploads import UploadLimits, UploadService
from geoservice.services.locating import LocatingService
from geoservice.services.logins import LoginLimits
from geoservice.services.mapping import MapService
from geoservice.services.monthly import MonthlyReportService
from geoservice.services.ownership import OwnershipService
from geoservice.services.places import PlaceService
from geoservice.services.population import PopulationService
from geoservice.services.rasters import RasterService
from geoservice.services.retention.erasures import PLACE, ErasureList
from geoservice.services.retention.retention import RetentionService
from geoservice.services.search import SearchService
from geoservice.services.service_lists import ServiceListService
from geoservice.services.sheets import SheetService
from geoservice.services.snapshot_cache import SnapshotCache
from geoservice.services.staff.members import StaffService
from geoservice.services.tiles.service import TileService
from geoservice.services.viewing import ViewingService
from geoservice.services.visiting import VisitingService
from geoservice.services.visits import VisitService
from geoservice.services.webhooks.delivering import DeliveringService
from geoservice.services.webhooks.fanning import FanningService
from geoservice.services.webhooks.service import WebhookService
from geoservice.services.webhooks.worker import DeliveryWorker
from geoservice.services.worker import Worker
from geoservice.settings import DatabaseUrls, Settings
from geoservice.streams.endpoint import Streams
from geoservice.streams.seats import Seats
from geoservice.web.security import trusted_hosts
from geoservice.webhooks.sending import tls_context
from layers.db.scope import EVERYWHERE
from layers.db.session import Database
from tilegen.raster_store import RasterStore
from tilegen.store import StoreLimits, TileStore

with lazily():  # half of what starting takes, for those alone who have one
    from geoservice.oidc import provider


@dataclass(frozen=True)
class Services:
    """The use cases, ready to be asked."""

    database: Database
    #: Renews what is held in memory, once started; None when everything is asked of the database.
    cache: SnapshotCache | None
    ownership: OwnershipService
    grids: GridService
    editions: EditionService
    exports: ExportService
    drafts: DraftService
    outlines: OutlineService
    deciding: DecidingService
    proposals: ProposalService
    incidents: IncidentService
    handling: HandlingService
    desk: DeskService
    figures: FiguresService
    monthly: MonthlyReportService
    sheets: SheetService
    alerts: AlertService
    viewing: ViewingService
    mapping: MapService
    rasters: RasterService
    places: PlaceService
    searching: SearchService
    webhooks: WebhookService
    keys: KeyService
    visiting: VisitingService
    locating: LocatingService
    accounts: AccountService
    administration: Administration
    sessions: SessionService
    second_factors: SecondFactorService
    #: None: nobody signs in by an identity provider.
    provider: ProviderSignInService | None
    health: HealthService
    tiles: TileService
    features: FeatureService
    staff: StaffService
    service_lists: ServiceListService
    visits: VisitService
    population: PopulationService
    items: ItemService
    layer_imports: LayerImportService
    own_layers: OwnLayerService
    audit: AuditService
    retention: RetentionService


def database_urls(settings: Settings) -> DatabaseUrls:
    """Return the addresses of the database that is meant: the named one, else the embedded one. Raise NoDatabase."""
    if settings.database_urls is not None:
        return settings.database_urls
    cluster = Cluster(settings.data_dir, settings.database_port, settings.service_account)
    postmaster = cluster.postmaster()
    if postmaster is None:
        raise NoDatabase
    cluster = Cluster(settings.data_dir, postmaster.port, settings.service_account)
    return DatabaseUrls(cluster.service_url, cluster.url)


def open_database(settings: Settings) -> Database:
    """Return the database that the settings name; connections open when first needed. Raise NoDatabase."""
    return Database.connect(
        database_urls(settings).service,
        pool_size=settings.pool_size,
        pool_timeout_s=settings.pool_timeout_s,
        statement_timeout_s=settings.statement_timeout_s,
    )


def import_limits(settings: Settings) -> Limits:
    """Return how much a file that is imported may ask of the machine."""
    return Limits.of(features=settings.import_features, file_bytes=settings.import_bytes)


def upload_store(settings: Settings) -> UploadStore:
    """Return where files are kept that were brought on a page."""
    directory = settings.data_dir / "uploads"
    hand_to_servers(settings, directory / ".servers")  # the web server writes it, the worker clears it
    return UploadStore(directory)


def _uploads(database: Database, settings: Settings) -> UploadService:
    limits = UploadLimits(settings.upload_features, settings.upload_bytes, settings.upload_s)
    return UploadService(database, upload_store(settings), limits)


def own_layer_limits(settings: Settings) -> OwnLayerLimits:
    """Return how many own layers there may be, and columns of each."""
    return OwnLayerLimits(settings.own_layers, settings.own_layer_columns)


def login_limits(settings: Settings) -> LoginLimits:
    """Return what a login that is made for people may take."""
    return LoginLimits(
        settings.login_connections, settings.login_statement_timeout_s, settings.login_idle_in_transaction_s
    )


def tile_store(settings: Settings) -> TileStore | None:
    """Return where tiles are kept; None: nowhere."""
    if settings.tile_store_bytes == 0:
        return None
    path = settings.tile_store or settings.data_dir / "tiles" / "tiles.sqlite"
    # Whatever root does with it, the servers must be able to write to it.
    server_account(settings.service_account).hand_over(path, data_dir=settings.data_dir)
    return TileStore(path, StoreLimits(settings.tile_store_bytes, settings.tile_store_reserve_bytes))


def raster_store(settings: Settings) -> RasterStore:
    """Return where base maps of pictures are kept."""
    return RasterStore(settings.data_dir / "basemaps")


def hand_to_servers(settings: Settings, path: Path) -> None:
    """Have a file of the data directory belong to the account that the servers work as."""
    server_account(settings.service_account).hand_over(path, data_dir=settings.data_dir)


def anchor_file(settings: Settings) -> AnchorFile:
    """Return where it is told how far the audit goes: beside the database, which knows nothing of it."""
    path = settings.data_dir / "audit" / "anchors.jsonl"
    server_account(settings.service_account).hand_over(path, data_dir=settings.data_dir)  # the worker writes it
    return AnchorFile(path)


def erasure_list(settings: Settings) -> ErasureList:
    """Return the list of erasures that restores go by."""
    path = settings.erasure_list or settings.data_dir / PLACE
    server_account(settings.service_account).hand_over(path, data_dir=settings.data_dir)
    return ErasureList(path)


def _sessions(database: Database, settings: Settings) -> SessionService:
    limits = SessionLimits(settings.session_idle_s, settings.session_longest_s)
    return SessionService(database, limits, settings.demanded_second_factors)


def _provider(database: Database, sessions: SessionService, settings: Settings) -> ProviderSignInService | None:
    """Return how people sign in by the identity provider that is named; it is first asked when somebody does."""
    if not settings.oidc_issuer:
        return None
    secret = settings.oidc_client_secret
    named = provider.ProviderSettings(
        settings.oidc_issuer, settings.oidc_client_id, None if secret is None else secret.get_secret_value(),
        settings.oidc_callback,
    )  # fmt: skip
    return ProviderSignInService(database, sessions, provider.Provider(named), settings.oidc_name)


def _cache(settings: Settings) -> SnapshotCache:
    # One connection listens, one reads, one is the builder's.
    url = database_urls(settings).service
    database = Database.connect(url, pool_size=3, statement_timeout_s=settings.statement_timeout_s)
    return SnapshotCache(database.scoped(EVERYWHERE), compare_every_s=settings.compare_every_s, engine=settings.engine)


def _looked_after(
    database: Database, accounts: AccountService, second_factors: SecondFactorService, keys: KeyService
) -> tuple[AccountAdministration, KeyAdministration]:  # fmt: skip
    grants = GrantAdministration(GrantService(database))
    return AccountAdministration(accounts, second_factors, grants), KeyAdministration(keys, grants)


def _administration(
    database: Database, settings: Settings, looked_after: tuple[AccountAdministration, KeyAdministration],
    staff: StaffService, webhooks: WebhookService, health: HealthService, retention: RetentionService,
    features: FeatureService,
) -> Administration:  # fmt: skip
    return Administration(
        database.scoped(EVERYWHERE), *looked_after, staff, ServiceListService(database), CalendarService(database),
        webhooks, health, JurisdictionService(database), retention, LayerStateService(database), features,
        _uploads(database, settings),
    )  # fmt: skip


def build_services(settings: Settings) -> Services:
    """Return every service on one database."""
    database = open_database(settings)
    # These tell nothing of any row that has a policy but counts, or what everybody may know.
    everywhere = database.scoped(EVERYWHERE)
    cache = _cache(settings) if settings.hold_editions else None
    sessions = _sessions(database, settings)
    incidents, handling, store = IncidentService(database), HandlingService(database), tile_store(settings)
    accounts, second_factors = AccountService(database), SecondFactorService(database)
    staff, keys, population = StaffService(database), KeyService(everywhere, cache), PopulationService(everywhere)
    webhooks = WebhookService(database, allowed=settings.allowed_networks)
    looked_after = _looked_after(database, accounts, second_factors, keys)
    service_lists, health = ServiceListService(database), HealthService(everywhere, cache)
    retention, features = RetentionService(database, erasure_list(settings)), FeatureService(database)
    ownership, editions = OwnershipService(everywhere, cache), EditionService(database)
    return Services(
        database=database,
        cache=cache,
        ownership=ownership,
        grids=GridService(database),
        editions=editions,
        exports=ExportService(database),
        drafts=DraftService(database),
        outlines=OutlineService(database),
        deciding=DecidingService(database),
        proposals=ProposalService(database, editions),
        incidents=incidents,
        handling=handling,
        desk=DeskService(database, handling),
        figures=FiguresService(database),
        monthly=MonthlyReportService(database, population),
        sheets=SheetService(database),
        alerts=AlertService(database, incidents),
        viewing=ViewingService(everywhere),
        mapping=MapService(database),
        rasters=RasterService(lambda: open_database(settings), raster_store(settings)),
        places=PlaceService(database, ownership),
        searching=SearchService(database),
        webhooks=webhooks,
        keys=keys,
        visiting=VisitingService(everywhere, cache),
        locating=LocatingService(everywhere),
        accounts=accounts,
        administration=_administration(database, settings, looked_after, staff, webhooks, health, retention, features),
        sessions=sessions,
        provider=_provider(database, sessions, settings),
        second_factors=second_factors,
        health=health,
        tiles=TileService(everywhere, store),
        features=features,
        staff=staff,
        service_lists=service_lists,
        visits=VisitService(database),
        population=population,
        items=ItemService(database, page_bytes=settings.ogc_page_bytes),
        layer_imports=LayerImportService(database),
        own_layers=OwnLayerService(database, own_layer_limits(settings), store),
        audit=AuditService(database, anchor_file(settings)),
        retention=retention,
    )


def build_streams(settings: Settings) -> Streams:
    """Return the application that streams events."""
    database = open_database(settings)
    sessions = _sessions(database, settings)
    events = EventService(database, KeyService(database).identify, sessions.listener)
    seats = Seats(settings.event_streams, settings.event_streams_per_address)
    return Streams(
        events, seats, proxies=settings.proxies, hosts=trusted_hosts(settings), web_port=settings.port
    )  # fmt: skip


def build_worker(settings: Settings) -> Worker:
    """Return the worker: the clock and, where they are wanted, the sending of webhooks."""
    # One connection listens, one does what is due, one fans out, one delivers.
    database = Database.connect(database_urls(settings).service, pool_size=4)
    delivery = DeliveryWorker(
        FanningService(database), DeliveringService(database), tls=tls_context(), allowed=settings.allowed_networks
    )
    uploads = upload_store(settings)
    jobs = (
        *JOBS, Job("audit_anchors", anchor_file(settings).tell_head),
        Job("uploads", lambda connection: uploads.drop_old()),
    )  # fmt: skip
    return Worker(database, Scheduler(database, jobs), delivery if settings.webhooks else None)
