"""A plot of cost by volume, as SVG without a plotting library."""

import math
from collections.abc import Iterator, Mapping, Sequence

__all__ = ["draw"]

_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _BOTTOM = 720, 330, 60, 20, 140, 45
_COLOURS = {
    "teacher": "#888888",
    "shorter prompt": "#e09f3e",
    "cheaper model": "#c44536",
    "exact cache": "#5b5f97",
    "router": "#0b6e4f",
}
_STEPS = 5

_HEAD = (
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    ' font-family="sans-serif" font-size="12">'
)

Line = Sequence[tuple[int, float]]


class _Frame:
    def __init__(self, lines: Mapping[str, Line]) -> None:
        calls = [at for line in lines.values() for at, _ in line]
        self.low, self.high = min(calls), max(calls)
        self.top = 1.1 * max(cost for line in lines.values() for _, cost in line)

    def x(self, calls: float) -> float:
        share = math.log(calls / self.low) / math.log(self.high / self.low)
        return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * share, 1)

    def y(self, cost: float) -> float:
        span = _HEIGHT - _TOP - _BOTTOM
        return round(_TOP + span * (1 - cost / self.top), 1)


def draw(lines: Mapping[str, Line], certified: int | None) -> str:
    """Return the plot.

    Args:
        lines: Pairs of calls and dollars per thousand calls, by lever.
        certified: Calls until the first certificate.
    """
    frame = _Frame(lines)
    return "\n".join(
        [
            _HEAD,
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
            *_axes(frame, [at for at, _ in next(iter(lines.values()))]),
            *_mark(frame, certified),
            *_curves(frame, lines),
            "</svg>",
            "",
        ]
    )


def _axes(frame: _Frame, calls: Sequence[int]) -> Iterator[str]:
    for step in range(_STEPS + 1):
        cost = frame.top * step / _STEPS
        y = frame.y(cost)
        yield f'<path d="M{_LEFT} {y}H{_WIDTH - _RIGHT}" stroke="#dddddd"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{cost:.2f}</text>'
    for at in calls:
        yield (
            f'<text x="{frame.x(at)}" y="{_HEIGHT - _BOTTOM + 16}"'
            f' text-anchor="middle">{at:,}</text>'
        )
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    yield (
        f'<text x="{middle}" y="{_HEIGHT - 8}" text-anchor="middle">calls so far;'
        " upward: dollars for a thousand of them, everything included</text>"
    )


def _mark(frame: _Frame, certified: int | None) -> Iterator[str]:
    if certified is None:
        return
    x = frame.x(certified)
    yield (
        f'<path d="M{x} {_TOP}V{_HEIGHT - _BOTTOM}" stroke="#555555"'
        ' stroke-dasharray="3 3"/>'
    )
    yield f'<text x="{x + 4}" y="{_TOP + 10}">first certificate</text>'


def _curves(frame: _Frame, lines: Mapping[str, Line]) -> Iterator[str]:
    for name, line in lines.items():
        points = " ".join(f"{frame.x(at)},{frame.y(cost)}" for at, cost in line)
        width = 3 if name == "router" else 1.5
        colour = _COLOURS[name]
        yield (
            f'<polyline points="{points}" fill="none" stroke="{colour}"'
            f' stroke-width="{width}"/>'
        )
        yield (
            f'<text x="{_WIDTH - _RIGHT + 8}" y="{frame.y(line[-1][1]) + 4}"'
            f' fill="{colour}">{name}</text>'
        )
