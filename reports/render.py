"""The report as files: HTML and PDF from one view, JSON from the document itself."""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from pathlib import Path

import pylopdf_fonts_zh_cn
import typst
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape
from markupsafe import Markup

from models.report import CaseReport
from reports.language import language
from reports.plain import plain
from reports.view import view

TEMPLATES = Path(__file__).with_name("templates")
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def render(report: CaseReport, kind: str, lang: str) -> bytes:
    """The report as a file of `kind` `html`, `pdf` or `json` (which has no language). Raises KeyError for another."""
    makers: dict[str, Callable[[], bytes]] = {
        "html": lambda: render_html(report, lang).encode(),
        "pdf": lambda: render_pdf(report, lang),
        "json": lambda: render_json(report),
    }
    return makers[kind]()


def render_html(report: CaseReport, lang: str) -> str:
    """The report as one HTML file that needs nothing else: no script, no request, no inline style attribute."""
    return _page().render(view=view(report, language(lang)), style_hash=style_hash())


def render_pdf(report: CaseReport, lang: str) -> bytes:
    """The report as a tagged A4 PDF with embedded fonts; the same report gives the same bytes.

    Names travel as data, so nothing in them is read as markup. PDF/A is given up only where a name holds a
    character that the fonts do not have; then fonts of this machine may help out.
    """
    data = str(plain(json.dumps(asdict(view(report, language(lang))), ensure_ascii=False)))
    stamp = int(report.made_at.timestamp())
    try:
        return _typeset(data, stamp, strict=True)
    except typst.TypstError as error:
        if "could not be displayed with font" not in error.message:
            raise
        return _typeset(data, stamp, strict=False)


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


@cache
def _fonts(system: bool) -> "typst.Fonts":
    folder = str(Path(pylopdf_fonts_zh_cn.sans_path()).parent)
    return typst.Fonts(include_system_fonts=system, font_paths=[folder])


def _typeset(data: str, stamp: int, *, strict: bool) -> bytes:
    compiler = typst.Compiler(
        str(TEMPLATES / "report.typ"),
        root=str(TEMPLATES),
        font_paths=_fonts(not strict),
        sys_inputs={"report": data, "stamp": str(stamp)},
    )
    # PDF/A-2a keeps the file readable for decades, PDF/UA-1 makes it readable aloud; both refuse a missing glyph.
    pdf = compiler.compile(format="pdf", timestamp=stamp, pdf_standards=["a-2a", "ua-1"] if strict else [])
    assert isinstance(pdf, bytes)  # noqa: S101  (one document in, one file out)
    return pdf
