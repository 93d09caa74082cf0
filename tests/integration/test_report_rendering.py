"""The report as files: what a reader, a printer and an attacker find in them."""

import io
import re
import time
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import pytest
from pypdf import PdfReader

from models.report import CaseReport, ReportApproval
from reports.language import language
from reports.render import render, render_html, render_pdf, style_hash
from reports.view import view
from tests.report_book import MADE_AT
from tests.report_builder import build_report

LANGUAGES = ("en", "zh")
PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</td></tr></table><h1>Approved</h1>",
    "{{ 7 * 7 }}{% raw %}",
    '#text(fill: red)[x] #panic("stop")',
    "= Heading *bold* $x^2$ <label> @cite",
    '#read("/etc/passwd")',
    "// gone /* gone */ ```raw```",
    "&lt;b&gt; &amp; 50% \\u{41} ~ --- ...",
)


class Elements(HTMLParser):
    """Counts the elements of a page and keeps their attributes and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: Counter[str] = Counter()
        self.attributes: Counter[str] = Counter()
        self.values: list[tuple[str, str | None]] = []
        self.said: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names[tag] += 1
        self.attributes.update(name for name, _ in attrs)
        self.values += attrs

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    @property
    def text(self) -> str:
        return "\n".join(self.said)


def pages(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


def squeezed(text: str) -> str:
    """Without white space: a PDF breaks lines where a page does not."""
    return re.sub(r"\s+", "", text)


def body(page: str) -> str:
    """The text of an HTML page from its heading on."""
    return Elements(page[page.index("<body>") :]).text


def busiest() -> CaseReport:
    """Five open approvals with two people each, provisional, so that the first page is as full as it gets."""
    asked = ("sales_manager", "finance", "hr", "it", "legal")
    approvals = tuple(ReportApproval(gate=gate, waiting_on=("E102", "E106"), due_at=MADE_AT) for gate in asked)
    return build_report(score="92").model_copy(
        update={"approvals": approvals, "provisional": True, "unknowns": ("access", "obligations")}
    )


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    "report", [build_report(), busiest(), build_report(unknown=True)], ids=["usual", "full", "unknown"]
)
def test_the_first_third_of_page_one_holds_what_a_decision_needs(report: CaseReport, lang: str) -> None:
    summary = view(report, language(lang)).summary
    needed = [summary.verdict, *summary.why]
    needed += [words for tile in summary.tiles for words in (tile.title, tile.value, *tile.notes)]
    assert len(summary.why) == 3
    for text in (pages(render_pdf(report, lang))[0], body(render_html(report, lang))):
        start = squeezed(text[:1200])
        for words in needed:
            assert squeezed(words) in start, words


@pytest.mark.parametrize("lang", LANGUAGES)
def test_html_and_pdf_say_the_same(lang: str) -> None:
    report = build_report()
    shown = view(report, language(lang))
    html, pdf = squeezed(body(render_html(report, lang))), squeezed("".join(pages(render_pdf(report, lang))))
    for part in shown.sections:
        said = [part.title, part.notice, *part.text, *part.points]
        said += [words for fact in part.facts for words in (fact.label, fact.value)]
        for table in part.tables:
            rows = [*table.rows, *([table.totals] if table.totals else [])]
            said += [words for row in rows for cell in row.cells for words in (cell.text, *cell.notes)]
        for words in said:
            assert squeezed(words) in html, words
            assert squeezed(words) in pdf, words


def test_the_pdf_gives_its_chinese_back() -> None:
    text = squeezed("".join(pages(render_pdf(build_report(names=("苏州精密仪器有限公司",)), "zh"))))
    for words in ("陈思远离职风险评估", "应收账款", "预期信用损失", "苏州精密仪器有限公司", "无接替成员"):
        assert words in text


def test_every_font_of_the_pdf_is_embedded() -> None:
    fonts: dict[str, bool] = {}
    for page in PdfReader(io.BytesIO(render_pdf(build_report(), "zh"))).pages:
        resources: Any = page["/Resources"]
        for font in resources["/Font"].values():
            descendant = font.get_object()["/DescendantFonts"][0].get_object()
            descriptor = descendant["/FontDescriptor"].get_object()
            fonts[str(descendant["/BaseFont"])] = bool({"/FontFile2", "/FontFile3"} & set(descriptor))
    assert len(fonts) >= 2
    assert all(fonts.values()), fonts


def test_the_pdf_is_an_archive_file_that_can_be_read_aloud() -> None:
    reader = PdfReader(io.BytesIO(render_pdf(build_report(), "zh")))
    metadata = reader.trailer["/Root"]["/Metadata"].get_object().get_data().decode()  # type: ignore[index]
    assert re.search(r"<pdfaid:part>2</pdfaid:part>", metadata)
    assert re.search(r"<pdfaid:conformance>A</pdfaid:conformance>", metadata)
    assert re.search(r"<pdfuaid:part>1</pdfuaid:part>", metadata)
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "zh-CN"


def test_a_character_that_the_fonts_do_not_have_costs_the_archive_mark_and_nothing_else() -> None:
    report = build_report(names=("𠮷野家 \U0001f600", "bell \x07"))
    pdf = render_pdf(report, "zh")
    root: Any = PdfReader(io.BytesIO(pdf)).trailer["/Root"]
    assert b"pdfaid" not in root["/Metadata"].get_object().get_data()
    assert root["/MarkInfo"]["/Marked"]
    assert "野家" in "".join(pages(pdf))


@pytest.mark.parametrize("kind", ["html", "pdf", "json"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_same_report_gives_the_same_bytes(kind: str, lang: str) -> None:
    assert render(build_report(), kind, lang) == render(build_report(), kind, lang)


def test_the_pdf_is_dated_when_the_report_was_made() -> None:
    metadata = PdfReader(io.BytesIO(render_pdf(build_report(), "en"))).metadata
    assert metadata is not None
    assert metadata.creation_date == MADE_AT


def test_pages_are_numbered_and_table_heads_repeat() -> None:
    printed = pages(render_pdf(build_report(), "en"))
    for number, text in enumerate(printed, start=1):
        assert f"Page {number} of {len(printed)}" in text
    listing = [text for text in printed if "Runner-up" in text and "Annual value" in text]
    assert len(listing) >= 3
    chinese = pages(render_pdf(build_report(), "zh"))
    assert squeezed(f"第1页，共{len(chinese)}页") in squeezed(chinese[0])


def test_a_name_adds_no_element_to_the_page() -> None:
    harmless = Elements(render_html(build_report(names=("Quiet Harbour",) * len(PAYLOADS)), "en"))
    page = render_html(build_report(names=PAYLOADS), "en")
    hostile = Elements(page)
    assert hostile.names == harmless.names
    assert hostile.attributes == harmless.attributes
    for payload in PAYLOADS:
        assert payload in hostile.text


def test_a_name_is_no_markup_on_paper() -> None:
    harmless = PdfReader(io.BytesIO(render_pdf(build_report(names=("Quiet Harbour",) * len(PAYLOADS)), "en")))
    pdf = render_pdf(build_report(names=PAYLOADS), "en")
    hostile, text = PdfReader(io.BytesIO(pdf)), squeezed("".join(pages(pdf)))
    assert len(hostile.outline) == len(harmless.outline)
    for payload in PAYLOADS:
        assert squeezed(payload) in text, payload


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_stands_alone(lang: str) -> None:
    page = render_html(build_report(), lang)
    found = Elements(page)
    assert not {"script", "link", "iframe", "object", "img", "base", "form"} & set(found.names)
    assert found.names["svg"] == 2
    assert "style" not in found.attributes
    assert not {name for name in found.attributes if name.startswith("on")}
    addresses = [value for name, value in found.values if name in ("src", "href", "xlink:href") and value]
    assert all(address.startswith("#") for address in addresses)
    assert f"style-src '{style_hash()}'" in page
    assert f'lang="{language(lang).tag}"' in page


def test_ids_on_the_page_are_unique() -> None:
    ids = [value for name, value in Elements(render_html(build_report(), "zh")).values if name == "id"]
    assert len(ids) == len(set(ids))


def test_a_thousand_two_hundred_clients_take_a_few_seconds() -> None:
    report = build_report(clients=1200)
    started = time.process_time()
    html, pdf = render_html(report, "zh"), render_pdf(report, "zh")
    assert time.process_time() - started < 10
    found = Elements(html)
    assert all(f"C{number + 1:04}" in found.said for number in range(1200))
    printed = PdfReader(io.BytesIO(pdf)).pages
    assert len(printed) > 60
    for number in (10, 40, len(printed) // 2, len(printed) - 20):
        assert "年度金额" in squeezed(printed[number].extract_text())
