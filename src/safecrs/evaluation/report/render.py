"""From a template of this package to one self-contained page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

from safecrs.errors import SafecrsError, extra


def render(template: str, filters: Mapping[str, Callable[..., object]] | None = None, **values: Any) -> str:
    """The page; whatever is not marked safe is escaped, and a name that is not given is an error.

    Raises:
        SafecrsError: jinja2 is missing.
    """
    try:
        import jinja2
    except ImportError as error:
        raise SafecrsError(f"A page needs jinja2 and matplotlib: {extra('report')}.") from error
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(
            lambda name: (files("safecrs.evaluation.report") / name).read_text(encoding="utf-8")
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= dict(filters or {})
    return environment.get_template(template).render(**values)
