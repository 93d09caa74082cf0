"""The report as files: HTML and PDF from one view, JSON from the document itself."""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape
from markupsafe import Markup

from models.figures_behind import Behind
from models.report import CaseReport
from reports.language import language
from reports.plain import plain
from reports.typesetting import TEMPLATES, typeset
from reports.view import view

_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def render(report: CaseReport, kind: str, lang: str, opened: Mapping[str, Behind] | None = None) -> bytes:
    """The report as a file of `kind` `html`, `pdf` or `json` (which has no language). Raises KeyError for another.

    `opened` are the items that figures of the page open to (services.explaining.opened).
    """
    makers: dict[str, Callable[[], bytes]] = {
        "html": lambda: render_html(report, lang, opened).encode(),
        "pdf": lambda: render_pdf(report, lang),
        "json": lambda: render_json(report),
    }
    return makers[kind]()


def render_html(report: CaseReport, lang: str, opened: Mapping[str, Behind] | None = None) -> str:
    """The report as one HTML file that needs nothing else: no script, no request, no inline style attribute."""
    return _page().render(view=view(report, language(lang), opened), style_hash=style_hash())


def render_pdf(report: CaseReport, lang: str) -> bytes:
    """The report as a tagged A4 PDF with embedded fonts; the same report gives the same bytes."""
    data = str(plain(json.dumps(asdict(view(report, language(lang))), ensure_ascii=False)))
    return typeset("report.typ", data, int(report.made_at.timestamp()))


def render_json(report: CaseReport) -> bytes:
    """The document itself, indented for reading: parsed, it is the stored canonical JSON value for value."""
    content = report.model_dump(mode="json")
    return (json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


@cache
def style_hash() -> str:
    """The page's style as a content policy names it: `sha256-...`; allow it in `style-src` and nothing else."""
    source = (TEMPLATES / "report.html").read_text(encoding="utf-8")
    style = _STYLE.search(source)
    assert style is not None, "the report template has no style"  # noqa: S101  (a broken install, not an input)
    return "sha256-" + base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()


@cache
def _page() -> Template:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        finalize=plain,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["drawing"] = Markup  # only reports.charts draws, from figures; its texts are outlines
    return environment.get_template("report.html")
