"""A plot as SVG: lines over a logarithmic axis, readable without colour."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

_WIDE, _HIGH = 640, 360
_LEFT, _BELOW, _RIGHT, _TOP = 70, 46, 190, 34
_DASHES: Final = ("", "6 3", "2 3", "8 3 2 3", "1 4")
_COLOURS: Final = ("#1b4f72", "#a04000", "#196f3d", "#6c3483", "#566573")


def plot(title: str, across: str, up: str, lines: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Each line has (x, y) points; both axes are logarithmic, so nothing may be 0 or less."""
    points = [point for line in lines.values() for point in line]
    x_low, x_high = _decades([x for x, _ in points])
    y_low, y_high = _decades([y for _, y in points])

    def place(x: float, y: float) -> tuple[float, float]:
        right = (math.log10(x) - x_low) / max(1, x_high - x_low)
        over = (math.log10(y) - y_low) / max(1, y_high - y_low)
        return _LEFT + right * (_WIDE - _LEFT - _RIGHT), _HIGH - _BELOW - over * (_HIGH - _BELOW - _TOP)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE} {_HIGH}" role="img" font-size="12">',
        f'<g font-family="sans-serif"><title>{escape(title)}</title><rect width="100%" height="100%" fill="white"/>',
        f'<text x="{_LEFT}" y="20" font-size="14">{escape(title)}</text>',
        f'<text x="{_LEFT}" y="{_HIGH - 8}">{escape(across)}</text>',
        f'<text x="14" y="{_HIGH / 2}" transform="rotate(-90 14 {_HIGH / 2})" text-anchor="middle">{escape(up)}</text>',
    ]
    for power in range(x_low, x_high + 1):
        x, _ = place(10.0**power, 10.0**y_low)
        parts.append(f'<path d="M{x:.1f} {_TOP}V{_HIGH - _BELOW}" stroke="#ddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{_HIGH - _BELOW + 16}" text-anchor="middle">{_said(power)}</text>')
    for power in range(y_low, y_high + 1):
        _, y = place(10.0**x_low, 10.0**power)
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDE - _RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{_said(power)}</text>')
    for number, (name, line) in enumerate(lines.items()):
        colour, dash = _COLOURS[number % len(_COLOURS)], _DASHES[number % len(_DASHES)]
        spots = [place(x, y) for x, y in line]
        way = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in spots)
        parts.append(f'<path d="{way}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in spots]
        y = _TOP + 14 + 20 * number
        parts.append(
            f'<path d="M{_WIDE - _RIGHT + 10} {y - 4}h24" stroke="{colour}" stroke-width="2"'
            f' stroke-dasharray="{dash}"/><text x="{_WIDE - _RIGHT + 40}" y="{y}">{escape(name)}</text>'
        )
    return "".join(parts) + "</g></svg>\n"


def _decades(values: Sequence[float]) -> tuple[int, int]:
    return math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))


def _said(power: int) -> str:
    return f"{10**power:,}" if power >= 0 else f"{10.0**power:g}"
