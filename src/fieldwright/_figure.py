"""What the pictures of all rooms share: figures, colours, and how axes look.

Colours are those of Okabe and Ito, which the colour-blind tell apart; line styles differ as well,
so that a print in grey can be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: (colour, line style) of the first, second, ... curve of a picture.
STYLES = [
    ("#000000", "-"),
    ("#D55E00", "--"),
    ("#0072B2", "-."),
    ("#009E73", (0, (1, 1.2))),
    ("#CC79A7", (0, (6, 1.5, 1, 1.5, 1, 1.5))),
    ("#56B4E9", (0, (8, 2))),
    ("#E69F00", (0, (3, 1))),
]


def new_axes(width: float = 6.4, height: float = 4.0) -> Axes:
    """Axes of a new figure of `width` x `height` inches, apart from pyplot's global state."""
    return new_figure(width, height).add_subplot()


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of `width` x `height` inches, apart from pyplot's global state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def dress(ax: Axes) -> None:
    """A faint grid behind the curves, and no frame where there is no axis."""
    ax.grid(True, color="0.9", linewidth=0.6)
    ax.set_axisbelow(True)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
