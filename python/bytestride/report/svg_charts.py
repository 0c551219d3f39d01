"""Charts as SVG that stands in a page: lines over a logarithmic axis, and bars.

Colours are the page's: classes c0, c1, … for what is drawn, and the variables --text, --quiet and
--grid. Nothing here computes anything but places.
"""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

N_COLOURS = 6
_WIDTH, _HEIGHT = 880, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 14, 46

CHART_STYLE = """
:root { color-scheme: light dark; --text: #1d2330; --paper: #ffffff; --quiet: #5d6675;
  --grid: #e3e7ee; --c0: #1f6fc4; --c1: #d9731a; --c2: #2e8b3d; --c3: #b83273; --c4: #7250c8;
  --c5: #a08a14; }
@media (prefers-color-scheme: dark) { :root { --text: #e7eaf0; --paper: #15181e; --quiet: #9aa3b2;
  --grid: #2b313c; --c0: #6fb1f5; --c1: #f0a35e; --c2: #74c882; --c3: #ec85b4; --c4: #b19bf0;
  --c5: #d8c658; } }
body { margin: 2.5rem auto; padding: 0 1.25rem; max-width: 60rem; color: var(--text);
  background: var(--paper); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.25rem; margin: 0 0 .25rem; } h2 { font-size: 1.05rem; margin: 2.25rem 0 .5rem; }
p { color: var(--quiet); margin: 0 0 1rem; } svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--quiet); font: 13px system-ui, sans-serif; }
.grid { stroke: var(--grid); stroke-width: 1; } .line { fill: none; stroke-width: 2.2; }
.line.c0 { stroke: var(--c0); } .line.c1 { stroke: var(--c1); } .line.c2 { stroke: var(--c2); }
.line.c3 { stroke: var(--c3); } .line.c4 { stroke: var(--c4); } .line.c5 { stroke: var(--c5); }
.bar.c0 { fill: var(--c0); } .bar.c1 { fill: var(--c1); }
.key { display: inline-block; width: .8rem; height: .8rem; margin: 0 .35rem 0 0;
  border-radius: .2rem; }
.key.c0 { background: var(--c0); } .key.c1 { background: var(--c1); }
.key.c2 { background: var(--c2); } .key.c3 { background: var(--c3); }
.key.c4 { background: var(--c4); } .key.c5 { background: var(--c5); }
.legend span { margin-right: 1.25rem; white-space: nowrap; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100%; }
th, td { text-align: right; padding: .2rem .6rem; border-bottom: 1px solid var(--grid); }
th { color: var(--quiet); font-weight: 500; } th:first-child, td:first-child { text-align: left; }
.tokens { display: flex; flex-wrap: wrap; gap: .35rem; font: 14px/1.4 ui-monospace, monospace; }
.tokens span { padding: .05rem .35rem; border: 1px solid var(--grid); border-radius: .3rem;
  max-width: 100%; overflow-wrap: anywhere; }
.tokens small { color: var(--quiet); margin-left: .4rem; }
"""
"""CSS of a page with charts, and with tables and tokens as such pages have them; light and dark."""


class Series(NamedTuple):
    """A line: its name, and its points with ascending x."""

    name: str
    x: Sequence[float]
    y: Sequence[float]


def line_chart(series: Sequence[Series], x_label: str, y_label: str) -> str:
    """Draw lines; x is logarithmic, and must be above 0.

    Parameters
    ----------
    series
        What to draw; lines without a point are left out.
    x_label, y_label
        What the axes are.
    """
    drawn = [line for line in series if len(line.x)]
    if not drawn:
        return ""
    x_min = min(line.x[0] for line in drawn)
    x_max = max(max(line.x[-1] for line in drawn), x_min * 1.01)
    y_marks = _round_marks(0.0, max(max(line.y) for line in drawn))
    y_max = y_marks[-1]

    def x_of(x: float) -> float:
        share = math.log(x / x_min) / math.log(x_max / x_min)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def y_of(y: float) -> float:
        return _HEIGHT - _BOTTOM - y / y_max * (_HEIGHT - _TOP - _BOTTOM)

    parts = _frame(y_marks, y_of, x_label, y_label)
    for x in _doublings(x_min, x_max):
        parts.append(f'<path class="grid" d="M{x_of(x):.1f} {_TOP}V{_HEIGHT - _BOTTOM}"/>')
        parts.append(_text(x_of(x), _HEIGHT - _BOTTOM + 18, f"{x:,.0f}", "middle"))
    for i, line in enumerate(drawn):
        points = " ".join(
            f"{x_of(x):.1f},{y_of(y):.1f}" for x, y in zip(line.x, line.y, strict=True)
        )
        name = html.escape(line.name)
        last = f"{line.y[-1]:.3f} at {line.x[-1]:,.0f}"
        parts.append(
            f'<polyline class="line c{i % N_COLOURS}" points="{points}">'
            f"<title>{name}: {last}</title></polyline>"
        )
    return _svg(parts) + (_legend([line.name for line in drawn]) if len(drawn) > 1 else "")


def bar_chart(
    labels: Sequence[str], groups: Sequence[tuple[str, Sequence[float]]], x_label: str, y_label: str
) -> str:
    """Draw bars side by side.

    Parameters
    ----------
    labels
        What stands under each place.
    groups
        Names, and one height for each label.
    x_label, y_label
        What the axes are.
    """
    if not labels:
        return ""
    y_marks = _round_marks(0.0, max(max(heights) for _, heights in groups))
    y_max = y_marks[-1]

    def y_of(y: float) -> float:
        return _HEIGHT - _BOTTOM - y / y_max * (_HEIGHT - _TOP - _BOTTOM)

    parts = _frame(y_marks, y_of, x_label, y_label)
    place = (_WIDTH - _LEFT - _RIGHT) / len(labels)
    width = place * 0.8 / len(groups)
    for i, label in enumerate(labels):
        x = _LEFT + i * place
        parts.append(_text(x + place / 2, _HEIGHT - _BOTTOM + 18, label, "middle"))
        for number, (name, heights) in enumerate(groups):
            top = y_of(heights[i])
            left = x + place * 0.1 + number * width
            parts.append(
                f'<rect class="bar c{number % N_COLOURS}" x="{left:.1f}" y="{top:.1f}" '
                f'width="{width:.1f}" height="{_HEIGHT - _BOTTOM - top:.1f}">'
                f"<title>{html.escape(name)}, {html.escape(label)}: {heights[i]:.2f}</title></rect>"
            )
    return _svg(parts) + (_legend([name for name, _ in groups]) if len(groups) > 1 else "")


def _svg(parts: list[str]) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" xmlns="http://www.w3.org/2000/svg">'
        + "".join(parts)
        + "</svg>"
    )


def _legend(names: Sequence[str]) -> str:
    entries = (
        f'<span><i class="key c{i % N_COLOURS}"></i>{html.escape(name)}</span>'
        for i, name in enumerate(names)
    )
    return f'<p class="legend">{"".join(entries)}</p>'


def _frame(
    y_marks: list[float], y_of: Callable[[float], float], x_label: str, y_label: str
) -> list[str]:
    parts = []
    for mark in y_marks:
        y = y_of(mark)
        parts.append(f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>')
        parts.append(_text(_LEFT - 8, y + 4, f"{mark:g}", "end"))
    parts.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 6, x_label, "middle"))
    middle = (_TOP + _HEIGHT - _BOTTOM) / 2
    parts.append(
        f'<text transform="translate(16 {middle:.0f}) rotate(-90)" text-anchor="middle">'
        f"{html.escape(y_label)}</text>"
    )
    return parts


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{html.escape(text)}</text>'


def _round_marks(low: float, high: float) -> list[float]:
    """About five round numbers, the last at `high` or above."""
    span = max(high - low, 1e-9)
    step = 10.0 ** math.floor(math.log10(span / 4))
    step *= next(factor for factor in (1, 2, 2.5, 5, 10) if span / (step * factor) <= 6)
    n_marks = math.ceil(span / step - 1e-9)
    return [low + i * step for i in range(n_marks + 1)]


def _doublings(low: float, high: float) -> list[float]:
    """Powers of two from low to high, every second or fourth where there are many."""
    first, last = math.ceil(math.log2(low) - 1e-9), math.floor(math.log2(high) + 1e-9)
    stride = 1 + max(last - first, 0) // 12
    return [2.0**i for i in range(first, last + 1, stride)]
