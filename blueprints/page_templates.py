"""Templates as our pages use them: strict, and their macros are made once."""

from __future__ import annotations

from flask import Flask
from jinja2 import StrictUndefined, Template
from jinja2.environment import TemplateModule
from jinja2.runtime import Context


class PageTemplate(Template):
    """A template whose macros know what every template knows, and nothing of one page."""

    def _get_default_module(self, ctx: Context | None = None) -> TemplateModule:
        """Return the macros as they are.

        Jinja looks at each import whether the page was given globals of its own, which no page of
        ours is: some 8 % of the processor time of a page with ten imports (the collapsed one of
        benchmarks/pages.py). Where Jinja has another name for this, it looks again.
        """
        return super()._get_default_module()


def register(app: Flask) -> None:
    """Prepare the templates; before the first one is loaded."""
    app.jinja_env.template_class = PageTemplate
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
