"""The figures of a light study."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from fieldwright._figure import STYLES, dress, new_figure
from fieldwright.light import plots

from .._names import group_of
from .._study import Drawing
from ._model import SHOWN, FigurePart, LightStudy
from ._quantities import found_in, in_medium, spectrum_unit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ._compute import Results

_FLUX = "flux density (1/s/mrad²/0.1 %BW)"
_ALONE = "photons of a charge (1/sr per unit bandwidth)"


def drawings(study: LightStudy, results: Results) -> list[Drawing]:
    """The figures asked for; where none are, one of every sort that there is something for."""
    asked = study.figures or dict(_unasked(study))
    return [
        Drawing(name, part.caption, partial(_draw, study, results, part))
        for name, part in asked.items()
    ]


def _unasked(study: LightStudy) -> Iterator[tuple[str, FigurePart]]:
    """Figures of a study that asks for none."""

    def part(show: str, caption: str, **more: Any) -> FigurePart:
        return FigurePart.model_validate({"show": show, "caption": caption, **more})

    for group, show, words in (
        ("spectra", "spectrum", "light over photon energy"),
        ("maps", "map", "light over angles"),
        ("tuning", "tuning", "brilliance while K changes"),
        ("channels", "channel", "ways through the crystal"),
        ("channels", "fraction", "fraction of charges in their channels"),
        ("limits", "limits", "what bent planes allow"),
    ):
        for name in getattr(study, group):
            key = SHOWN[show]
            of = {key: [name] if key == group and key != "tuning" and key != "limits" else name}
            yield f"{show}_{name}", part(show, f"{study.describe(group, name)}: {words}.", **of)
    runs = {name: study.run_of(name) for name in study.all_cases()}
    light = [name for name, run in runs.items() if "coherent" in found_in(run)]
    if light:
        caption = "Photons in step and not, over the modulation depth."
        yield "coherent", part("coherent", caption, cases=[name for name in light if name])


def _draw(study: LightStudy, results: Results, part: FigurePart) -> Figure:
    draw: dict[str, Callable[[LightStudy, Results, FigurePart], Figure]] = {
        "spectrum": _spectrum, "map": _map, "tuning": _tuning, "coherent": _coherent,
        "limits": _limits, "channel": _channel, "fraction": _fraction, "potential": _potential,
    }  # fmt: skip
    return draw[part.show](study, results, part)


def _named(study: LightStudy, part: FigurePart) -> list[Any]:
    """The names of what a figure shows, or the only one there is."""
    key = SHOWN[part.show]
    asked = getattr(part, key)
    if asked:
        return [asked] if isinstance(asked, str) else list(asked)
    if key == "cases":
        return [study.case_of(None)]
    return list(getattr(study, group_of(key)))[:1]


def _spectrum(study: LightStudy, results: Results, part: FigurePart) -> Figure:
    figure = new_figure(7.4, 4.2)
    ax = figure.add_subplot()
    names = _named(study, part)
    top = max(float(results.curves[name]["energy"][-1]) for name in names)
    unit, scale = next(u for u in (("GeV", 1e9), ("MeV", 1e6), ("keV", 1e3), ("eV", 1.0))
                       if top >= u[1] or u[1] == 1.0)  # fmt: skip
    for (color, line), name in zip(_styles(), names, strict=False):
        found = results.curves[name]
        ax.plot(
            found["energy"] / scale, found["value"], color=color, linestyle=line,
            label=study.describe("spectra", name),
        )  # fmt: skip
    ax.set_xlabel(f"photon energy ({unit})")
    ax.set_ylabel(_ALONE if spectrum_unit(study, names[0]) == "1/rad^2" else _FLUX)
    ax.set_ylim(bottom=0)
    ax.margins(x=0)
    dress(ax)
    if len(names) > 1:
        figure.legend(loc="outside upper left", ncols=2, frameon=False)
    return figure


def _styles() -> Iterator[tuple[str, Any]]:
    while True:
        yield from STYLES


def _map(study: LightStudy, results: Results, part: FigurePart) -> Figure:
    (name,) = _named(study, part)
    found = results.curves[name]
    figure = new_figure(6.4, 4.8)
    figure.set_layout_engine("compressed")  # for axes that are square
    ax = figure.add_subplot()
    edge = float(found["angle"][-1]) * 1e6
    shown = ax.imshow(
        found["value"], origin="lower", extent=(-edge, edge, -edge, edge), cmap="cividis", vmin=0.0
    )
    ax.set_xlabel("angle in x (µrad)")
    ax.set_ylabel("angle in y (µrad)")
    figure.colorbar(shown, ax=ax).set_label(_ALONE)
    return figure


def _tuning(study: LightStudy, results: Results, part: FigurePart) -> Figure:
    (name,) = _named(study, part)
    figure = new_figure(6.8, 4.4)
    curves = list(results.tuning[name].values())
    plots.plot_tuning_curves(curves, figure.add_subplot(), quantity=part.quantity)
    return figure


def _coherent(study: LightStudy, results: Results, part: FigurePart) -> Figure:
    lights = {}
    for name in _named(study, part):
        case = results.cases[name]
        assert case.coherent is not None and case.setup.bunch is not None
        full = case.coherent.coherent / case.setup.bunch.depth**2
        lights[study.describe_case(name)] = dataclasses.replace(case.coherent, coherent=full)
    figure = new_figure(7.2, 4.6)
    plots.plot_coherent_light(lights, figure.add_subplot())
    return figure


def _limits(study: LightStudy, results: Results, part: FigurePart) -> Figure:
    (name,) = _named(study, part)
    case = results.cases[study.case_of(study.limits[name].case)]
    planes, run = case.setup.planes, case.setup.run
    assert planes is not None and planes.period is not None
    plasma = case.setup.medium.plasma_energy if in_medium(run) else None  # type: ignore[attr-defined]
    figure = new_figure(8.2, 5.4)
    plots.plot_crystal_limits(
        planes.potential, case.setup.energy, plasma_energy=plasma,
        marked=(float(planes.amplitude), float(planes.period)), ax=figure.add_subplot(),
    )  # fmt: skip
    return figure


def _ways(study: LightStudy, results: Results, name: str) -> Any:
    """What pictures take of charges in a crystal."""
    found = results.curves[name]
    case = results.cases[study.case_of(study.channels[name].case)]
    count = found["position"].shape[1]
    return SimpleNamespace(
        depth=found["depth"], channeled=found["channeled"][:, :count], fraction=found["fraction"],
        trajectory=SimpleNamespace(position=found["position"][:, :, None]), across=found["across"],
        planes=case.setup.planes,
    )  # fmt: skip


def _channel(study: LightStudy, results: Results, part: FigurePart) -> Figure:
    names = _named(study, part)
    figure = new_figure(8.6, 3.9 * len(names))
    for number, name in enumerate(names):
        ax = figure.add_subplot(len(names), 1, number + 1)
        plots.plot_channel(_ways(study, results, name), ax, until=study.channels[name].shown)
        if len(names) > 1:
            ax.set_title(study.describe("channels", name), fontsize=10, loc="left")
    return figure


def _fraction(study: LightStudy, results: Results, part: FigurePart) -> Figure:
    figure = new_figure(7.2, 4.2)
    ways = {
        study.describe("channels", name): _ways(study, results, name)
        for name in _named(study, part)
    }
    plots.plot_channeled_fraction(ways, figure.add_subplot())
    return figure


def _potential(study: LightStudy, results: Results, part: FigurePart) -> Figure:
    potentials = {}
    for name in _named(study, part):
        planes = results.cases[name].setup.planes
        assert planes is not None
        potentials[study.describe_case(name)] = planes.potential
    figure = new_figure(7.6, 4.2)
    plots.plot_planar_potential(potentials, figure.add_subplot())
    return figure
