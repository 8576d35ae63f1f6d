"""The legend of a plot: buttons that show and hide its lines, drawn like the lines themselves."""

from __future__ import annotations

from surefit.report.markup import Html, element
from surefit.report.plot import Line, Plot
from surefit.report.symbols import symbols

__all__ = ["legend"]

DASH_ARRAYS = {
    "solid": "",
    "dash": "7 4",
    "dot": "2 4",
    "dashdot": "7 4 2 4",
    "longdash": "11 4",
    "longdashdot": "11 4 2 4",
}

# Marker outlines around (17, 7).
MARKERS = {
    "circle": '<circle cx="17" cy="7" r="3.6"/>',
    "square": '<path d="M13.6 3.6h6.8v6.8h-6.8z"/>',
    "diamond": '<path d="M17 2.2L21.8 7 17 11.8 12.2 7z"/>',
    "triangle-up": '<path d="M17 2.6l4.6 8h-9.2z"/>',
    "triangle-down": '<path d="M17 11.4l4.6-8h-9.2z"/>',
    "x": '<path d="M13.5 3.5l7 7M20.5 3.5l-7 7" stroke-width="2.6"/>',
    "cross": '<path d="M17 2.4v9.2M12.4 7h9.2" stroke-width="2.6"/>',
    "star": '<path d="M17 1.6l1.5 3.6 3.9.3-3 2.5 1 3.8-3.4-2.1-3.4 2.1 1-3.8-3-2.5 3.9-.3z"/>',
}


def _swatch(line: Line) -> Html:
    dash = DASH_ARRAYS[line.dash]
    base, _, empty = line.symbol.partition("-open")
    # "triangle-up-open" keeps its inner hyphen; partition cuts only the ending.
    fill = "var(--card)" if line.symbol != base or empty else line.colour
    marker = f'<g fill="{fill}" stroke-width="1.6">{MARKERS[base]}</g>' if base else ""
    return Html(
        '<svg class="swatch" viewBox="0 0 34 14" aria-hidden="true" focusable="false">'
        f'<g stroke="{line.colour}" fill="none"><path d="M1 7h32" stroke-width="{line.width}"'
        f' stroke-dasharray="{dash or "none"}"/>{marker}</g></svg>'
    )


def _buttons(plot: Plot, shown: bool) -> Html | None:
    """The buttons of the lines that are shown at first, or of the others."""
    items = [
        element(
            "li",
            element(
                "button",
                _swatch(line),
                element("span", symbols(line.label)),
                type="button",
                aria_pressed="true" if line.shown else "false",
                data_plot=plot.ident,
                data_line=index,
            ),
        )
        for index, line in enumerate(plot.lines)
        if line.shown is shown
    ]
    return element("ul", items) if items else None


def legend(plot: Plot) -> Html | None:
    """One button per line, which shows and hides it; none for a single line."""
    if len(plot.lines) < 2:
        return None
    hidden = sum(1 for line in plot.lines if not line.shown)
    return element(
        "div",
        _buttons(plot, True),
        element(
            "details",
            element("summary", f"{hidden} more, of theorems that do not apply here"),
            _buttons(plot, False),
        )
        if hidden
        else None,
        class_="legend",
        role="group",
        aria_label=f"Lines of the plot: {plot.title}",
    )
