"""Documents from templates: one order of content, as a self-contained HTML page or as Markdown."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from safecrs.errors import SafecrsError, extra

Form = Literal["html", "markdown"]


def render(template: Path, form: Form, **values: Any) -> str:
    """Fill ``template``, which writes with the macros of ``f`` (html.j2 or markdown.j2) and may draw charts.

    HTML is escaped unless marked as safe; a name that is not given is an error.

    Raises:
        SafecrsError: jinja2 or matplotlib is missing.
    """
    try:
        import jinja2

        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader([template.parent, Path(__file__).parent]),
            autoescape=form == "html",  # noqa: S701 (markdown.j2 escapes what Markdown understands)
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters |= {"thousands": "{:,}".format, "percent": percent}
        environment.globals["f"] = environment.get_template(f"{form}.j2").module
        text = environment.get_template(template.name).render(**values)
    except ImportError as error:
        raise SafecrsError(f"A page needs jinja2 and matplotlib: {extra('report')}.") from error
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def percent(part: float, whole: float = 1) -> str:
    """A share as tables show it; "–" of nothing."""
    return f"{100 * part / whole:.1f} %" if whole else "–"
