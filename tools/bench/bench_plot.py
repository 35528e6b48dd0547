"""Plain drawings of benchmarks: SVG that needs no other file and follows the reader's light or dark mode."""

import math
from xml.sax.saxutils import escape

STYLE = """
    .panel { fill: #ffffff; stroke: #c4cad4 }
    .grid { stroke: #e2e6ec; stroke-width: 1 }
    .goal { stroke: #1c2733; stroke-width: 2 }
    text { fill: #1c2733; font: 13px system-ui, sans-serif }
    .title { font-size: 15px; font-weight: 600 }
    .small { font-size: 12px; fill: #46505f }
    .end { text-anchor: end }
    .mid { text-anchor: middle }
    .bar { fill: #3b6fb6 }
    .short { fill: #b8642f }
    .line { fill: none; stroke-width: 2 }
    .dashed { stroke-dasharray: 5 4 }
    .s0 { --c: #3b6fb6 } .s1 { --c: #b8642f } .s2 { --c: #2f8f5b } .s3 { --c: #8a55a8 }
    .line { stroke: var(--c) } .dot { fill: var(--c) }
    @media (prefers-color-scheme: dark) {
      .panel { fill: #161b22; stroke: #3a424e }
      .grid { stroke: #2a313b }
      .goal { stroke: #e6ebf2 }
      text { fill: #e6ebf2 }
      .small { fill: #aab4c2 }
      .bar { fill: #6ea0e6 }
      .short { fill: #e0955f }
      .s0 { --c: #6ea0e6 } .s1 { --c: #e0955f } .s2 { --c: #67c894 } .s3 { --c: #c294dd }
    }
"""


def frame(title, width, height, parts):
    return "\n".join([
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d"' %
        (width, height, width, height), '     role="img" aria-label="%s">' % escape(title, {'"': "&quot;"}),
        "  <style>%s  </style>" % STYLE,
        '  <rect class="panel" x="0.5" y="0.5" width="%d" height="%d" rx="10"/>' % (width - 1, height - 1),
        '  <text class="title" x="16" y="26">%s</text>' % escape(title), *("  " + part for part in parts), "</svg>", ""])


def round_top(value):
    """The least of 1, 2, 2.5, 5 times a power of ten that is at least `value`."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= value * (1 - 1e-12))


def bars(title, rows, under=""):
    """A bar for each (label, value, mark or None, text at its end); a mark is a line across the bar: a limit, a goal."""
    left, right, step = 16 + 7 * max([len(row[0]) for row in rows] + [4]), 210, 30
    plot, height = 420, 60 + step * len(rows)
    top = round_top(max([max(value, mark or 0) for _, value, mark, _ in rows] + [0]))
    parts = []
    for i, (label, value, mark, text) in enumerate(rows):
        y = 44 + step * i
        below = mark is not None and value < mark
        length = plot * value / top
        parts.append('<text class="end" x="%d" y="%d">%s</text>' % (left, y + 15, escape(label)))
        parts.append('<rect class="%s" x="%d" y="%d" width="%.1f" height="20" rx="3"/>' %
                     ("short" if below else "bar", left + 10, y, length))
        end = length
        if mark is not None:
            end = max(end, plot * mark / top)
            x = left + 10 + plot * mark / top
            parts.append('<path class="goal" d="M%.1f %d v26"/>' % (x, y - 3))
        parts.append('<text class="small" x="%.1f" y="%d">%s</text>' % (left + 18 + end, y + 15, escape(text)))
    parts.append('<text class="small" x="16" y="%d">%s</text>' % (height - 2, escape(under)))
    return frame(title, left + plot + right, height + 12, parts)


def lines(title, y_name, places, series, under=""):
    """A line for each (name, {place: value}, colour 0 to 3, dashed); `places` are the ticks of x, evenly apart."""
    left, top, plot_w, plot_h = 70, 50, 440, 260
    highest = round_top(max([value for _, points, _, _ in series for value in points.values()] + [0]))
    x = {place: left + plot_w * (i + 0.5) / max(1, len(places)) for i, place in enumerate(places)}
    parts = ['<text class="small" x="16" y="44">%s</text>' % escape(y_name)]
    for i in range(5):
        y = top + plot_h * (1 - i / 4)
        parts.append('<path class="grid" d="M%d %.1f h%d"/>' % (left, y, plot_w))
        parts.append('<text class="small end" x="%d" y="%.1f">%g</text>' % (left - 8, y + 4, highest * i / 4))
    for place in places:
        parts.append('<text class="small mid" x="%.1f" y="%d">%s</text>' % (x[place], top + plot_h + 18,
                                                                           escape(str(place))))
    for i, (name, points, colour, dashed) in enumerate(series):
        ends = [(x[place], top + plot_h * (1 - points[place] / highest)) for place in places if place in points]
        kind = "line s%d%s" % (colour, " dashed" if dashed else "")
        parts.append('<path class="%s" d="M%s"/>' % (kind, " L".join("%.1f %.1f" % end for end in ends)))
        if not dashed:
            parts += ['<circle class="dot s%d" cx="%.1f" cy="%.1f" r="3"/>' % (colour, *end) for end in ends]
        y = top + 10 + 20 * i
        parts.append('<path class="%s" d="M%d %d h22"/>' % (kind, left + plot_w + 16, y))
        parts.append('<text class="small" x="%d" y="%d">%s</text>' % (left + plot_w + 46, y + 4, escape(name)))
    parts.append('<text class="small" x="16" y="%d">%s</text>' % (top + plot_h + 42, escape(under)))
    return frame(title, left + plot_w + 230, max(top + plot_h + 56, top + 30 + 20 * len(series)), parts)
