"""Errors over step sizes, against the exact motion of ions that do not interact."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, model_validator

from ..._figure import new_figure
from .._derived import Problem
from .._fields import Part, refuse
from .._judge import Text
from .._later import later
from .._names import Names
from .._sections import Item, Numbers, Picture, Quantities, Section, Shown, Variable
from .._study import Table
from ._run import IntegratorName
from ._setup import Setup, largest_divisor, make_integrator, make_setup
from .cases import errors_of, exact_places

if TYPE_CHECKING:
    import numpy as np

    from fieldwright import motion
    from fieldwright.motion import plots
else:
    np, motion, plots = later("numpy", "fieldwright.motion", "fieldwright.motion.plots")

_SHOWN = 1000  # times that are kept of an error over time
_MOST = 40_000  # times at which the largest error is looked for


class ConvergencePart(Part):
    """Errors over step sizes, against the exact motion of ions that do not interact."""

    title: Text | None = None
    case: Text | None = Field(None, description="whose ions and trap; not needed if there is one")
    integrators: list[IntegratorName] = Field(min_length=1)
    steps: list[int] = Field(min_length=2, description="numbers of steps, rising")

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.steps[0] < 1 or sorted(set(self.steps)) != self.steps:
            raise refuse("`steps` must be whole numbers above zero, each larger than the last")
        if "automatic" in self.integrators or len(set(self.integrators)) < len(self.integrators):
            raise refuse("`integrators` are named, each once; `automatic` is none here")
        return self


#: Of each integrator: the rate is the mean of the slopes, log(error_i / error_(i-1)) over
#: log(step_i / step_(i-1)); the order is the slope between the two smallest steps.
ORDER: Names = {
    "rate": ("1", "convergence rate, mean over the step sizes"),
    "order": ("1", "order of the error between the two smallest steps"),
    "largest_ratio": ("1", "largest ratio of the error to that of the next longer step"),
}
ERROR: Names = {
    "error": ("m", "largest error"),
    "relative": ("1", "largest relative error"),
}


def _names(item: Item) -> Names:
    integrators, counts = item.part.integrators, item.part.steps
    return {
        f"{integrator}_{quantity}": (unit, f"{integrator}: {words}")
        for integrator in integrators
        for quantity, (unit, words) in ORDER.items()
    } | {
        f"{integrator}_{quantity}_{steps}": (unit, f"{integrator}, {steps} steps: {words}")
        for integrator in integrators
        for quantity, (unit, words) in ERROR.items()
        for steps in counts
    }


def _fits(item: Item) -> Iterator[Problem]:
    if not item.run.is_exact:
        message = "needs a case whose exact motion is known: one ion or `interaction: false`, "
        yield item.at, message + "fields linear in position, no damping"


@dataclass(frozen=True)
class ErrorCurve:
    """One integrator at one step size: the error over time, of the ion that is farthest off."""

    step: float  # [s]
    time: np.ndarray  # (k,) [s]
    relative: np.ndarray  # (k,), of the distance from the centre
    largest: float  # [m], over all steps
    largest_relative: float


@dataclass(frozen=True)
class Curves:
    """Those of one integrator by number of steps, longest step first."""

    order: int  # what its error is of
    of: dict[int, ErrorCurve]

    @property
    def steps(self) -> np.ndarray:
        """Step sizes (k,) [s]."""
        return np.array([curve.step for curve in self.of.values()])

    @property
    def errors(self) -> np.ndarray:
        """Largest errors (k,) [m] at these steps."""
        return np.array([curve.largest for curve in self.of.values()])


def _solve(item: Item) -> dict[str, Curves]:
    """All integrators of a convergence, with all numbers of steps."""
    part, run = item.part, item.run
    setup, total, done = make_setup(run), len(part.integrators) * len(part.steps), 0
    found: dict[str, Curves] = {}
    for integrator in part.integrators:
        scheme = make_integrator(run, integrator)
        assert scheme is not None  # the model has seen to that
        found[integrator] = Curves(scheme.order, {})
        for steps in part.steps:
            item.progress(f"converging {item.name}", done / total)
            found[integrator].of[steps] = _curve(run, setup, scheme, steps)
            done += 1
    return found


def _curve(run: Any, setup: Setup, scheme: motion.Integrator, steps: int) -> ErrorCurve:
    """The error after each step; after every few of very many."""
    own = {"integrator": scheme, "steps": steps, "coulomb": False}
    own["save"] = largest_divisor(steps, _MOST)
    found = motion.simulate(setup.ions, setup.source, **setup.arguments | own)
    time = np.asarray(found.time)
    error, relative = errors_of(found.position, exact_places(run, setup, time))
    relative = relative.max(axis=1)
    shown = np.unique(np.linspace(0, len(time) - 1, _SHOWN).astype(int))
    largest, share = float(error.max()), float(relative.max())
    return ErrorCurve(setup.duration / steps, time[shown], relative[shown], largest, share)


def _numbers(item: Item) -> Numbers:
    numbers: Numbers = {}
    for integrator, found in item.result.items():
        errors, steps = found.errors, found.steps
        with np.errstate(divide="ignore", invalid="ignore"):
            slopes = np.diff(np.log(errors)) / np.diff(np.log(steps))
        numbers[f"{integrator}_rate"] = slopes.mean()
        numbers[f"{integrator}_order"] = slopes[-1]
        numbers[f"{integrator}_largest_ratio"] = (errors[1:] / errors[:-1]).max()
        for count, curve in found.of.items():
            numbers[f"{integrator}_error_{count}"] = curve.largest
            numbers[f"{integrator}_relative_{count}"] = curve.largest_relative
    return numbers


def _tables(items: list[Item], quantities: Quantities) -> Iterator[Table]:
    for item in items:
        part, show = item.part, item.study.show
        rows = []
        for name in part.integrators:
            errors = [quantities[item.full(f"{name}_error_{steps}")] for steps in part.steps]
            last = [quantities[item.full(f"{name}_{what}")] for what in ("rate", "order")]
            rows.append([name, *(show(q, 4) for q in errors), *(show(q, 5) for q in last)])
        yield Table(
            part.title or f"Convergence {item.name}",
            ["integrator", *(f"{steps} steps" for steps in part.steps), "mean rate", "last order"],
            rows,
            "Largest distance from the exact place. The mean rate is the mean of the slopes of its "
            "logarithm over that of the step; the last order is the slope between the two "
            "smallest.",
        )


def _variables(item: Item) -> Iterator[Variable]:
    for integrator, found in item.result.items():
        for steps, curve in found.of.items():
            own = f"{item.name}_{integrator}_{steps}"
            yield f"time_{own}", (f"time_{own}",), curve.time, "s", "time"
            yield f"error_{own}", (f"time_{own}",), curve.relative, "1", "relative error"


def _draw_error(picture: Picture) -> Any:
    result, asked = picture.items[0].result, picture.part.integrator
    figure = new_figure(7.2, 4.0)
    ax = figure.add_subplot()
    for integrator in [asked] if asked else result:
        for style, (steps, curve) in enumerate(result[integrator].of.items()):
            label = f"{steps} steps" if asked else f"{integrator}, {steps} steps"
            plots.plot_error(curve.time, curve.relative, ax, label=label, style=style)
    ax.legend(loc="lower right", framealpha=0.9, fontsize=9)
    return figure


def _draw_order(picture: Picture) -> Any:
    figure = new_figure(5.8, 4.4)
    ax = figure.add_subplot()
    for style, (integrator, found) in enumerate(picture.items[0].result.items()):
        label = f"{integrator}; line: order {found.order}"
        plots.plot_order(found.steps, found.errors, ax, order=found.order, label=label, style=style)
    ax.legend(frameon=False, fontsize=9)
    return figure


def _unasked(items: list[Item]) -> Iterator[tuple[str, dict[str, Any]]]:
    for item in items:
        of = {"convergence": item.name}
        for integrator in item.part.integrators:
            caption = f"Relative error of {integrator} over time."
            fields = {"show": "error", "caption": caption, "integrator": integrator}
            yield f"error_{item.name}_{integrator}", of | fields
        yield f"order_{item.name}", of | {"show": "order", "caption": "Error over step size."}


CONVERGENCE = Section(
    group="convergence", one="convergence", part=ConvergencePart, words="errors over step sizes",
    fits=_fits, names=_names, solve=_solve, numbers=_numbers, tables=_tables,
    variables=_variables,
    shown=(
        Shown("error", _draw_error, options={
            "integrator": (Text | None, Field(None, description="of error; all if left out")),
        }),
        Shown("order", _draw_order),
    ),
    unasked=_unasked,
)  # fmt: skip
