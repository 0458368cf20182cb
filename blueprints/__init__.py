"""Entry points from a click: read the input, call a service, answer."""

from __future__ import annotations

from flask import Flask

from blueprints import (
    account,
    addresses,
    audit,
    auth,
    confirm,
    connection_settings,
    connections,
    customer_links,
    customer_removing,
    customer_rights,
    customers,
    deciding,
    diagnostics,
    email_change,
    error_pages,
    forgotten,
    form_addresses,
    gap,
    guards,
    headers,
    health,
    import_files,
    import_words,
    imports,
    integrations,
    invitation,
    join,
    page_links,
    page_templates,
    proof,
    report_settings,
    report_strip,
    reports,
    resending,
    review,
    run_controls,
    run_strip,
    settings,
    static_files,
    team,
    undoing,
    unsubscribe,
    unsynced,
    watching,
    words,
    worklist,
)

PAGES = (
    auth,
    proof,
    account,
    settings,
    integrations,
    connections,
    connection_settings,
    unsynced,
    review,
    deciding,
    imports,
    run_controls,
    undoing,
    import_files,
    run_strip,
    gap,
    customers,
    customer_links,
    customer_removing,
    customer_rights,
    worklist,
    join,
    reports,
    resending,
    report_settings,
    team,
    unsubscribe,
    confirm,
    invitation,
    forgotten,
    email_change,
    diagnostics,
    audit,
    health,
)


def register(app: Flask) -> None:
    """Add every page, guard and error to the application."""
    page_templates.register(app)
    addresses.register(app)
    watching.register_first(app)
    guards.register(app)
    watching.register_last(app)
    headers.register(app)
    static_files.register(app)
    page_links.register(app)
    error_pages.register(app)
    form_addresses.register(app)
    words.register(app)
    import_words.register(app)
    run_strip.register(app)
    report_strip.register(app)
    for module in PAGES:
        app.register_blueprint(module.blueprint)
