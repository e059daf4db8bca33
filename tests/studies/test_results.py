"""What lies in a results folder."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import numpy as np
import pytest
import xarray

from fieldwright import forces
from fieldwright.studies import read_study, run_study

CASES = """\
kind: actuator
study: two
title: Two cases <b>& "more"</b>
source: A note
coil: {inner_radius: 9 mm, length: 8 mm, turns: 600}
wire: {diameter: 0.36 mm, layers: 27}
cases:
  near:
    title: Near
    magnet: {radius: 3 mm, length: 3 mm, remanence: 1.1 T}
  pair:
    magnets:
      - {radius: 3 mm, length: 3 mm, remanence: 1.1 T}
      - {radius: 3 mm, length: 3 mm, remanence: 1.1 T, reversed: true, position: 40 mm}
distance: {from: 1 mm, to: 15 mm, points: 29}
tolerances: {coil.inner_radius: 0.05 mm, magnet.length: 0.01 mm}
derived:
  shift: {title: Shift by the twin, difference: [pair.sweet_spot, near.sweet_spot]}
  gain: {title: Gain, ratio: [pair.force_per_current, near.force_per_current]}
figures:
  both: {caption: Both of them., cases: [near, pair]}
  one: {caption: One of them., cases: [near], show: range}
published:
  - {quantity: force_per_current, case: near, symbol: fmax, value: 0.128 N/A}
  - {quantity: sweet_spot, case: near, value: 3.4 mm, when_different: misprint, note: Wrong.}
  - {quantity: shift, words: hardly moves, at_most: 1 mm}
remarks: [A remark <i>with</i> signs.]
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    (folder / "two.yaml").write_text(CASES, encoding="utf-8")
    study = read_study(folder / "two.yaml")
    phases = []
    results = run_study(study, folder / "out", progress=phases.append)
    return folder / "out", study, results, phases


@pytest.fixture(scope="module")
def data(finished):
    with xarray.open_dataset(finished[0] / "results.nc", engine="h5netcdf") as data:
        yield data.load()


def test_phases(finished):
    phases = finished[3]
    assert phases.index("compiling") < phases.index("computing") < phases.index("drawing")


def test_every_variable_has_unit_and_name(data):
    for name, variable in data.variables.items():
        assert variable.attrs["long_name"]
        if name != "case":
            assert variable.attrs["units"]


def test_curves(data, finished):
    study = finished[1]
    assert data["distance"].values == pytest.approx(np.linspace(1e-3, 15e-3, 29))
    case = study.cases["pair"]
    expected = forces.axial_force_derivatives(
        study.coil_of(case), case.build(), data["distance"].values
    )
    for name, values in zip(("force", "force_gradient", "force_curvature"), expected, strict=True):
        found = data[name].sel(case="pair").values
        assert found == pytest.approx(np.asarray(values), rel=1e-9, abs=1e-15)


def test_scalars_are_those_of_results_json(data, finished):
    record = json.loads((finished[0] / "results.json").read_text(encoding="utf-8"))
    for name, quantity in record["quantities"].items():
        case, _, short = name.rpartition(".")
        if short == "force_per_current_deviation":
            continue
        found = data[short].sel(case=case) if case else data[short]
        assert float(found) == quantity["value"]
        assert found.attrs["units"] == quantity["unit"]
    assert record["quantities"]["shift"]["unit"] == "m"
    assert record["quantities"]["gain"]["unit"] == "1"


def test_the_study_and_versions_are_stored(data, finished):
    folder, study, *_ = finished
    assert json.loads(data.attrs["study"]) == study.resolved()
    assert json.loads(data.attrs["versions"])["fieldwright"]
    stored = json.loads((folder / "study.json").read_text(encoding="utf-8"))
    assert stored == study.resolved()
    (folder.parent / "again.yaml").write_text(json.dumps(stored), encoding="utf-8")
    assert read_study(folder.parent / "again.yaml") == study


def test_wire_and_tolerances(finished):
    study, results = finished[1], finished[2]
    found = results.outcome.quantities
    case = study.cases["near"]
    coil = study.coil_of(case)
    resistance = float(forces.resistance(coil, forces.Wire(0.36e-3)))
    assert float(coil.outer_radius) == 0.01872
    assert found["near.resistance"].value == pytest.approx(resistance)
    power = resistance / found["near.force_per_current"].value ** 2
    assert found["near.power_per_force_squared"].value == pytest.approx(power)
    spread = forces.tolerance(coil, case.build(), study.tolerances.deviations())
    assert found["near.sweet_spot_deviation"].value == pytest.approx(float(spread.position))
    assert "pair.sweet_spot_deviation" not in found


def test_figures_are_equal_when_drawn_again(finished, tmp_path):
    folder, study, *_ = finished
    run_study(study, tmp_path / "again")
    pictures = sorted(path.name for path in (folder / "figures").iterdir())
    names = ("both", "deviations", "one", "overview")
    assert pictures == [f"{name}.{kind}" for name in names for kind in ("png", "svg")]
    for name in names:
        first = (folder / "figures" / f"{name}.svg").read_bytes()
        assert first == (tmp_path / "again" / "figures" / f"{name}.svg").read_bytes()
    for name in ("results.json", "study.json", "report.html"):
        assert (folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


class Page(HTMLParser):
    """Which tags a page has, what they load, and whether they are closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.loads, self.words = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.loads += [value for key, value in attrs if key in ("src", "href")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_the_report(finished):
    page = Page((finished[0] / "report.html").read_text(encoding="utf-8"))
    text = " ".join(page.words)
    assert page.open == []
    assert page.seen.count("figure") == 4
    assert page.loads  # the figures
    assert all(link.startswith("data:image/svg+xml;base64,") for link in page.loads)
    assert "script" not in page.seen
    assert "b" in page.seen and 'Two cases <b>& "more"</b>' in text  # escaped, so read as text
    for words in ("agrees", "misprint", "hardly moves", "Taken to mean at most 1 mm.", "Wrong.",
                  "A remark <i>with</i> signs.", "Near", "One of them.", "0.36 mm"):  # fmt: skip
        assert words in text


def test_a_single_magnet_needs_no_cases_and_may_be_moved(finished, tmp_path):
    part = "magnets: [{radius: 3 mm, length: 3 mm, remanence: 1.1 T, position: 2 mm}]"
    path = tmp_path / "one.yaml"
    path.write_text(CASES[: CASES.index("cases:")] + part, encoding="utf-8")
    results = run_study(read_study(path), tmp_path / "one")
    assert results.record["published"] == []
    assert (tmp_path / "one" / "figures" / "force.svg").is_file()
    at_rest = finished[2].outcome.quantities["near.sweet_spot"].value
    assert results.record["quantities"]["sweet_spot"]["value"] == pytest.approx(
        at_rest - 2e-3, abs=1e-12
    )
