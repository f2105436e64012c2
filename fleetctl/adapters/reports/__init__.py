"""The templates of reports: they ship inside the package, and no fleet replaces them."""

from __future__ import annotations

from importlib.resources import files


def template(name: str) -> str:
    """Return the text of a report's template."""
    return files(__name__).joinpath(f"{name}.html.j2").read_text("utf-8")
