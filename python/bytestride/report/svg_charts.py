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
