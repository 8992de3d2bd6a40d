"""A plot of promoted shares, as SVG without a plotting library."""

from collections.abc import Iterator, Mapping, Sequence

__all__ = ["draw"]

_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _BOTTOM = 720, 330, 50, 20, 230, 45
_COLOURS = ("#0b6e4f", "#c44536", "#e09f3e", "#5b5f97", "#888888")

_HEAD = (
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    ' font-family="sans-serif" font-size="12">'
)

Line = Sequence[tuple[float, float]]


def draw(lines: Mapping[str, Line], marks: Mapping[str, float], low: float) -> str:
    """Return the plot of the promoted shares by the true agreement.

    Args:
        lines: Pairs of agreement and share, by name.
        marks: Agreements with a vertical line, and their names.
        low: The agreement at the left edge.
    """
    return "\n".join(
        [
            _HEAD,
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
            *_axes(low),
            *_marks(marks, low),
            *_curves(lines, low),
            "</svg>",
            "",
        ]
    )


def _x(agreement: float, low: float) -> float:
    span = _WIDTH - _LEFT - _RIGHT
    return round(_LEFT + span * (agreement - low) / (1 - low), 1)


def _y(share: float) -> float:
    return round(_TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - share), 1)


def _axes(low: float) -> Iterator[str]:
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = _y(share)
        yield f'<path d="M{_LEFT} {y}H{_WIDTH - _RIGHT}" stroke="#dddddd"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{share:.2g}</text>'
    steps = round((1 - low) / 0.02)
    for step in range(steps + 1):
        agreement = low + 0.02 * step
        yield (
            f'<text x="{_x(agreement, low)}" y="{_HEIGHT - _BOTTOM + 16}"'
            f' text-anchor="middle">{agreement:.2f}</text>'
        )
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    yield (
        f'<text x="{middle}" y="{_HEIGHT - 8}" text-anchor="middle">true agreement of'
        " the candidate; upward: share promoted to full weight</text>"
    )


def _marks(marks: Mapping[str, float], low: float) -> Iterator[str]:
    for name, agreement in marks.items():
        x = _x(agreement, low)
        yield (
            f'<path d="M{x} {_TOP}V{_HEIGHT - _BOTTOM}" stroke="#555555"'
            ' stroke-dasharray="3 3"/>'
        )
        yield f'<text x="{x - 3}" y="{_TOP - 6}" text-anchor="end">{name}</text>'


def _curves(lines: Mapping[str, Line], low: float) -> Iterator[str]:
    for number, (name, line) in enumerate(lines.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        points = " ".join(f"{_x(a, low)},{_y(s)}" for a, s in sorted(line))
        width = 1.5 if number else 3
        y = _TOP + 14 + 20 * number
        yield (
            f'<polyline points="{points}" fill="none" stroke="{colour}"'
            f' stroke-width="{width}"/>'
        )
        yield (
            f'<text x="{_WIDTH - _RIGHT + 12}" y="{y}" fill="{colour}">{name}</text>'
        )
