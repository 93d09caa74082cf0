"""Documents on paper: a typst template filled with data, as a PDF that is kept for decades and can be read aloud."""

from functools import cache
from pathlib import Path

import pylopdf_fonts_zh_cn
import typst

TEMPLATES = Path(__file__).with_name("templates")


def typeset(template: str, data: str, stamp: int) -> bytes:
    """The template with `data` (JSON, as `sys.inputs.report`) as a tagged PDF; the same input gives the same bytes.

    Names travel as data, so nothing in them is read as markup. `stamp` (Unix time) is its date. PDF/A is given up only
    where a name holds a character that the fonts do not have; then fonts of this machine may help out.
    """
    try:
        return _compile(template, data, stamp, strict=True)
    except typst.TypstError as error:
        if "could not be displayed with font" not in error.message:
            raise
        return _compile(template, data, stamp, strict=False)


@cache
def _fonts(system: bool) -> "typst.Fonts":
    folder = str(Path(pylopdf_fonts_zh_cn.sans_path()).parent)
    return typst.Fonts(include_system_fonts=system, font_paths=[folder])


def _compile(template: str, data: str, stamp: int, *, strict: bool) -> bytes:
    compiler = typst.Compiler(
        str(TEMPLATES / template),
        root=str(TEMPLATES),
        font_paths=_fonts(not strict),
        sys_inputs={"report": data, "stamp": str(stamp)},
    )
    # PDF/A-2a keeps the file readable for decades, PDF/UA-1 makes it readable aloud; both refuse a missing glyph.
    pdf = compiler.compile(format="pdf", timestamp=stamp, pdf_standards=["a-2a", "ua-1"] if strict else [])
    assert isinstance(pdf, bytes)  # noqa: S101  (one document in, one file out)
    return pdf
