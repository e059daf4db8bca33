"""A picture of how far printed figures are from computed ones, for studies of any kind."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ._judge import Judgement
from ._study import Drawing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: colour and marker of each verdict; the markers tell them apart in grey
_MARKS = {"agrees": ("#009E73", "o"), "differs": ("#E69F00", "D"), "misprint": ("#D55E00", "X")}


def deviation_drawing(judgements: list[Judgement]) -> Drawing | None:
    """One dot for each printed figure; None where nothing printed can be compared."""
    figures = [j for j in judgements if j.half_digit]
    if not figures:
        return None
    caption = (
        "Computed minus printed, in halves of the last printed digit. Within the grey band a "
        "figure rounds to what was printed. The scale is linear inside it, logarithmic outside."
    )
    return Drawing("deviations", caption, partial(_draw, figures))


def _draw(judgements: list[Judgement]) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 1.2 + 0.19 * len(judgements)), layout="constrained")
    ax = figure.add_subplot()
    ax.axvspan(-1.0, 1.0, color="0.88", linewidth=0, zorder=0)
    ax.axvline(0.0, color="0.6", linewidth=0.8, zorder=1)
    for verdict, (color, marker) in _MARKS.items():
        rows = [n for n, j in enumerate(judgements) if j.verdict == verdict]
        found = [(judgements[n].deviation or 0.0) / (judgements[n].half_digit or 1.0) for n in rows]
        ax.plot(found, rows, marker, color=color, markeredgecolor="black", markeredgewidth=0.5,
                markersize=7, label=verdict)  # fmt: skip
    names = [f"{j.case or ''}  {j.symbol}".strip() for j in judgements]
    ax.set_yticks(range(len(judgements)), names, fontsize=7.5)
    ax.set_ylim(len(judgements) - 0.4, -0.6)
    ax.set_xscale("symlog", linthresh=1.0, linscale=1.0)
    far = 3 * max(10.0, *(abs((j.deviation or 0.0) / (j.half_digit or 1.0)) for j in judgements))
    ax.set_xlim(-far, far)
    powers = range(0, 16, 1 if far < 3000 else 2)
    ticks = [10.0**power for power in powers if 10.0**power < far]
    ax.set_xticks([*(-tick for tick in ticks), 0.0, *ticks])
    ax.minorticks_off()
    ax.xaxis.set_major_formatter(lambda x, _: f"{x:.0f}".replace("-", "\N{MINUS SIGN}"))
    ax.set_xlabel("(computed \N{MINUS SIGN} printed) / (half a unit of the last printed digit)")
    ax.grid(True, axis="both", color="0.92", linewidth=0.5)
    ax.set_axisbelow(True)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.tick_params(axis="y", length=0)
    figure.legend(loc="outside upper left", ncols=3, frameon=False, fontsize=9)
    return figure
