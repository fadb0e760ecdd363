"""What the pages of administrators ask, in one place."""

from __future__ import annotations

from datetime import date

from geoservice.services.administration.accounts import AccountAdministration
from geoservice.services.administration.keys import KeyAdministration
from geoservice.services.calendars import CalendarService
from geoservice.services.health import HealthService
from geoservice.services.jurisdictions import JurisdictionService
from geoservice.services.layers.features import FeatureService
from geoservice.services.layers.states import LayerStateService
from geoservice.services.layers.uploads import UploadService
from geoservice.services.lookups import get_jurisdiction
from geoservice.services.retention.retention import RetentionService
from geoservice.services.service_lists import ServiceListService
from geoservice.services.staff.members import StaffService
from geoservice.services.webhooks.service import WebhookService
from layers.db.session import Database
from layers.jurisdictions.model import Jurisdiction
from layers.staff.queries import today_in


class Administration:
    """Where somebody looks, and what he looks after there."""

    def __init__(
        self, database: Database, accounts: AccountAdministration, keys: KeyAdministration, staff: StaffService,
        services: ServiceListService, calendars: CalendarService, webhooks: WebhookService, health: HealthService,
        jurisdictions: JurisdictionService, retention: RetentionService, layers: LayerStateService,
        features: FeatureService, uploads: UploadService,
    ) -> None:  # fmt: skip
        self._database = database
        self.accounts, self.keys, self.staff = accounts, keys, staff
        self.services, self.calendars, self.webhooks, self.health = services, calendars, webhooks, health
        self.jurisdictions, self.retention = jurisdictions, retention
        self.layers, self.features, self.uploads = layers, features, uploads

    def place(self, jurisdiction_code: str) -> tuple[Jurisdiction, date]:
        """Return a jurisdiction, and which day it is there; raise JurisdictionUnknown."""
        with self._database.transaction() as connection:
            found = get_jurisdiction(connection, jurisdiction_code)
            return found, today_in(connection, found.id)
