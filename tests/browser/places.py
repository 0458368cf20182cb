"""Every page, and every state of the alert, as places that a test can go to."""

from __future__ import annotations

from collections.abc import Mapping

from tests.browser.alert_places import ALERT_STATES
from tests.browser.connection_places import CONNECTION_PAGES, SANDBOX_PAGES
from tests.browser.customer_places import CUSTOMER_PAGES
from tests.browser.going import Place
from tests.browser.import_places import IMPORT_PAGES
from tests.browser.link_places import LINK_PAGES
from tests.browser.report_places import REPORT_PAGES
from tests.browser.settings_places import SETTINGS_PAGES

PLACES: Mapping[str, Place] = {
    **SETTINGS_PAGES,
    **LINK_PAGES,
    **CONNECTION_PAGES,
    **ALERT_STATES,
    **IMPORT_PAGES,
    **CUSTOMER_PAGES,
    **REPORT_PAGES,
    **SANDBOX_PAGES,
}
