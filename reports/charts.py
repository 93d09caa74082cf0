"""Drawings of the report as SVG: no script, no text that needs a font, the same bytes for the same figures."""

import io
import re
from collections.abc import Mapping
from decimal import Decimal
from threading import Lock

import matplotlib as mpl
import pylopdf_fonts_zh_cn
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from models.risk_level import Level

INK, MUTED = "#1d2733", "#55606e"
# One hue from light to dark, so that older money is darker in print without colour too.
_LIGHT, _DARK = (0xA9, 0xC1, 0xDA), (0x14, 0x30, 0x52)
_BANDS = ((Level.LOW, 0, 34), (Level.MEDIUM, 34, 67), (Level.HIGH, 67, 85), (Level.CRITICAL, 85, 100))
_BAND_FILL = {Level.LOW: "#d3dde8", Level.MEDIUM: "#9fb3c8", Level.HIGH: "#5f7a98", Level.CRITICAL: "#233d5c"}
_STYLE = re.compile(r' style="([^"]*)"')
_settings = Lock()  # matplotlib keeps its settings in one place for all threads


def ageing_chart(buckets: Mapping[str, Decimal], figures: Mapping[str, str]) -> str:
    """Horizontal bars, one a bucket in the given order, each with its figure written out; returns an SVG element."""
    figure = Figure(figsize=(5.0, 0.36 * len(buckets) + 0.2))
    axes = figure.add_axes((0.19, 0.04, 0.79, 0.92))
    labels, amounts = list(buckets), [float(amount) for amount in buckets.values()]
    axes.barh(range(len(labels)), amounts, height=0.62, color=_shades(len(labels)), edgecolor=INK, linewidth=0.5)
    _frame(axes, labels, amounts)
    font = _font(8.5)
    for row, (label, amount) in enumerate(zip(labels, amounts, strict=True)):
        axes.annotate(
            figures[label],
            (max(amount, 0.0), row),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            color=INK,
            fontproperties=font,
            parse_math=False,
        )
    return _svg(figure)


def score_scale(score: Decimal) -> str:
    """The scale 0 to 100 with its four levels and a mark at `score`; returns an SVG element."""
    at = float(min(Decimal(100), max(Decimal(0), score)))
    bands = "".join(
        f'<rect x="{start}" y="7" width="{end - start - 0.6:.1f}" height="6" fill="{_BAND_FILL[level]}"/>'
        for level, start, end in _BANDS
    )
    mark = f'<path d="M{at:.1f} 6 l-2.6 -5 h5.2 z" fill="{INK}"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-3 0 106 14">{bands}{mark}</svg>'


def _frame(axes: Axes, labels: list[str], amounts: list[float]) -> None:
    low, high = min(0.0, *amounts), max(0.0, *amounts)
    span = (high - low) or 1.0
    axes.set_xlim(low - 0.02 * span * (low < 0), high + span)  # room for the figures beside the bars
    axes.invert_yaxis()
    axes.set_xticks([])
    axes.set_yticks(range(len(labels)), labels, fontproperties=_font(8.5), color=INK, parse_math=False)
    axes.tick_params(axis="y", length=0)
    axes.axvline(0, color=MUTED, linewidth=0.8)
    for side in ("top", "right", "bottom", "left"):
        axes.spines[side].set_visible(False)


def _shades(number: int) -> list[str]:
    steps = [index / max(1, number - 1) for index in range(number)]
    mixed = [[round(a + (b - a) * step) for a, b in zip(_LIGHT, _DARK, strict=True)] for step in steps]
    return [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in mixed]


def _font(size: float) -> FontProperties:
    return FontProperties(fname=str(pylopdf_fonts_zh_cn.sans_path()), size=size)


def _svg(figure: Figure) -> str:
    target = io.StringIO()
    with _settings, mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "offboard"}):
        figure.savefig(target, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    drawing = target.getvalue()
    drawing = drawing[drawing.index("<svg") :]
    for part in (r"<metadata>.*?</metadata>", r"<style .*?</style>", r"<!--.*?-->"):
        drawing = re.sub(part, "", drawing, flags=re.DOTALL)
    # Attributes instead of inline styles: a page may forbid those by its content policy.
    return _STYLE.sub(lambda found: _attributes(found[1]), drawing)


def _attributes(style: str) -> str:
    pairs = (pair.split(":", 1) for pair in style.split(";") if pair.strip())
    return "".join(f' {name.strip()}="{value.strip()}"' for name, value in pairs)
