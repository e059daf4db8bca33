"""The study kind `trap`: what is read, what is refused, what comes out, and runs that go on."""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import xarray

from fieldwright.errors import InputError, UnstableTrapError
from fieldwright.studies import compute_study, read_study, run_study, schema
from fieldwright.studies._pieces import Pieces, partial_folder

TWO = """\
kind: trap
title: Two ions
trap:
  magnetic_field: 1 T
  voltage: 25 mV
  size: 500 um
ions:
  - species: 40Ca+
    position: [20 um, 0 um, 20 um]
    velocity: [0 m/s, 25 m/s, 0 m/s]
  - {mass: 40.078 u, charge: 1 e, position: [25 um, 25 um, 0 um], velocity: [0 m/s, 40 m/s, 5 m/s]}
duration: 50 us
"""

SCAN = """
scans:
  near:
    ions:
      - {species: 40Ca+, cloud: {number: 20, spread: 50 um, speed: 50 m/s}}
    interaction: false
    duration: 100 us
    amplitudes: [0.4, 0.7]
    frequencies: {from: 1.2 rad/us, to: 1.6 rad/us, points: 9}
    clouds: 2
    bands:
      b: {amplitude: 0.4, from: 1.2 rad/us, to: 1.6 rad/us}
"""


@pytest.fixture
def write(tmp_path):
    """Write a study file from the text of two ions, with (old, new) replacements."""

    def write_study(*changes, text=TWO, name="two.yaml"):
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write_study


def problems(path, **settings):
    with pytest.raises(InputError) as caught:
        read_study(path, settings)
    assert caught.value.exit_code == 3
    return [line.removeprefix(f"{path.parent}/") for line in str(caught.value).splitlines()]


def test_units_and_defaults(write):
    study = read_study(write(text=TWO + SCAN))
    assert study.trap.size == 500e-6
    assert study.ions[1].mass == pytest.approx(40.078 * 1.66053906892e-27)
    assert study.ions[1].charge == 1.602176634e-19
    assert study.scans["near"].frequencies.start == 1.2e6
    study = read_study(write(("duration: 50 us", "duration: 50 us\ndrives:\n"
        "  - parametric: {amplitude: 0.1, frequency: 221 kHz}")))  # fmt: skip
    assert study.drives[0].parametric.frequency == pytest.approx(2 * math.pi * 221e3)


ONE_MISTAKE = [
    (("1 T", "1"), "two.yaml:4: trap.magnetic_field: 1 has no unit; write for example '1 T'"),
    (("1 T", "nan T"), "two.yaml:4: trap.magnetic_field: 'nan T' is not a finite number"),
    (("500 um", "-500 um"), "two.yaml:6: trap.size: must be larger than zero"),
    (("500 um", "0 um"), "two.yaml:6: trap.size: must be larger than zero"),
    (("40.078 u,", "-40.078 u,"), "two.yaml:11: ions.1.mass: must be larger than zero"),
    (("40Ca+", "40Cs+"), "two.yaml:8: ions.0.species: no species '40Cs+' is known; did you mean"),
    (("species: 40Ca+\n    ", ""), "two.yaml:8: ions.0: give either `species`, or `mass`"),
    (("position: [20 um, 0 um, 20 um]", "position: [20 um, 0 um]"), "two.yaml:9: ions.0.position"),
    (("20 um, 0 um, 20 um", "20 um, inf um, 20 um"), "not a finite number"),
    (("[25 um, 25 um, 0 um]", "[20 um, 0 um, 20 um]"), "two.yaml:7: ions: ions 0 and 1 are both"),
    (("voltage", "volltage"), "trap.volltage: unknown key 'volltage', did you mean 'voltage'?"),
    (("velocity", "speed"), "ions.0.speed: unknown key 'speed'"),
    (("duration: 50 us", "duration: 0 us"), "two.yaml:12: duration: must be larger than zero"),
    (("duration: 50 us", "save: 3"), "nothing is asked for: give a `duration`"),
    (("duration", "integrator: rk5\nduration"), "two.yaml:12: integrator: must be 'automatic'"),
    (("duration", "integrator: rk4\nduration"), "two.yaml:12: integrator: needs `steps`"),
    (
        ("duration", "integrator: rk4\nsteps: 100\nduration"),
        "two.yaml:13: steps: 100 are too few for rk4: the cyclotron motion turns by 1.21 rad",
    ),
    (
        ("duration", "integrator: rk4\nsteps: 1000\nsave: 300\nduration"),
        "two.yaml:13: steps: must be a multiple of `save`, and 1000 is none of 300",
    ),
    (("duration", "tolerance: 1e-6\nduration"), "two.yaml:12: tolerance: goes with `integrator"),
    (("duration", "save: 2000000000\nduration"), "two.yaml:12: save: keeping 2 ions at"),
    (("  voltage: 25 mV\n", ""), "two.yaml:3: trap.voltage: is missing"),
    (("  magnetic_field: 1 T\n", ""), "two.yaml:3: trap: give either `magnetic_field` or a `coil`"),
    (("duration", "cases: {a: {steps: 3}}\nspare"), "unknown key 'spare'"),
    (("duration", "drives: [{dipole: {frequency: 3 kHz}}]\nduration"), "drives.0.dipole.field: is"),
    (("duration", "drives: [{}]\nduration"), "two.yaml:12: drives.0: give one of `parametric`"),
    (
        ("duration", "drives: [{parametric: {amplitude: 0.1, frequency: 3 mm}}]\nduration"),
        "or a frequency such as '221 kHz', which is taken times 2 pi",
    ),
    (("duration", "damping: [{buffer_gas: {rate: -1 1/s, temperature: 1 K}}]\nduration"), "negat"),
    (("duration", "comparisons: {c: {title: x, cases: [a, b]}}\nduration"), "there is no case 'a'"),
    (("duration", "convergence: {c: {integrators: [rk4], steps: [3, 3]}}\nduration"), "larger"),
    (
        ("duration", "convergence: {c: {integrators: [rk4], steps: [3, 9]}}\nduration"),
        "two.yaml:12: convergence.c: needs a case whose exact motion is known",
    ),
    (
        ("duration", "figures: {f: {caption: x, show: error}}\nduration"),
        "two.yaml:12: figures.f: `show: error` needs `convergence`: which one",
    ),
    (
        ("duration", "figures: {f: {caption: x, show: orbit, scan: y}}\nduration"),
        "two.yaml:12: figures.f.scan: does not go with `show: orbit`",
    ),
    (
        ("duration", "detection: {d: {distance: 1 mm}}\nsave: 10\nduration"),
        "two.yaml:12: detection.d: its case is kept at 10 times, too few",
    ),
    (
        ("duration", "published: [{quantity: axial_freq, value: 1 rad/us}]\nduration"),
        "no quantity 'axial_freq' is computed here, did you mean 'axial_frequency'?",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), ONE_MISTAKE)
def test_a_mistake_is_told_with_its_line(write, change, message):
    found = problems(write(change))
    assert any(message in line for line in found), found


SCAN_MISTAKES = [
    (("clouds: 2", "clouds: 0"), "scans.near.clouds"),
    (("clouds: 2", "clouds: 2\n    drives: [{dipole: {field: [0 V/m, 0 V/m, 1 V/m], frequency: "
      "1 kHz}}]"), "two.yaml:23: scans.near.drives: does not go with a scan; give near"),
    (("[0.4, 0.7]", "[0.4, 0.4]"), "two.yaml:20: scans.near.amplitudes: must be larger than zero"),
    (("amplitude: 0.4", "amplitude: 0.5"), "scans.near.bands.b.amplitude: is not one of the"),
    (("to: 1.6 rad/us}\n", "to: 2.6 rad/us}\n"), "must lie within the frequencies of the scan"),
    (("to: 1.6 rad/us, points", "to: 1.1 rad/us, points"), "`to` must be larger than `from`"),
    (("    ions:\n      - {species: 40Ca+, cloud: {number: 20, spread: 50 um, speed: 50 m/s}}\n",
      ""),
     "two.yaml:20: scans.near.clouds: several clouds need ions drawn at random"),
    (("speed: 50 m/s", "speed: 50 m/s, temperature: 3 K"), "give either `speed` or `temperature`"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), SCAN_MISTAKES)
def test_a_mistake_in_a_scan(write, change, message):
    found = problems(write(change, text=TWO + SCAN))
    assert any(message in line for line in found), found


def test_quantities_are_derived_from_constants_that_are_printed(write):
    made = "derived: {b: {title: t, ratio: [magnetic_field, tesla]}}\n"
    (found,) = problems(write(text=TWO + made))
    assert "two.yaml:13: derived.b.ratio: no quantity 'tesla' is computed here" in found
    printed = "published: [{quantity: tesla, value: 1 T}]\n"
    read_study(write(text=TWO + made + printed))
    (found,) = problems(write(text=TWO + printed.replace("tesla", "teslo")))
    assert "two.yaml:13: published.0.quantity: no quantity 'teslo' is computed here" in found
    assert found.endswith("did you mean 'tesla'?")


def test_a_trap_that_holds_nothing_is_a_named_error(write):
    with pytest.raises(UnstableTrapError, match=r"two\.yaml:3: trap: the trap does not hold") as no:
        read_study(write(("1 T", "0.3 T")))
    assert no.value.exit_code == 4
    assert no.value.numbers["radial_squared"] < 0
    with pytest.raises(UnstableTrapError, match=r"two\.yaml:3: trap: .* need the same sign"):
        read_study(write(), {"trap.voltage": "-25 mV"})
    allowed = read_study(write(("1 T", "0.3 T")), {"allow_unstable": "true", "duration": "5 us"})
    found = compute_study(allowed).outcome.quantities
    assert "axial_frequency" not in found
    assert found["left"].value == 1.0


def test_the_resolved_study_reads_the_same(write, tmp_path):
    study = read_study(write(text=TWO + SCAN))
    again = tmp_path / "again.yaml"
    again.write_text(json.dumps(study.resolved()), encoding="utf-8")
    assert read_study(again) == study


def test_schema():
    one = schema("trap")
    assert one["properties"]["kind"]["const"] == "trap"
    assert one["additionalProperties"] is False
    text = json.dumps(one)
    for name in ("TrapPart", "CloudPart", "ScanPart", "RotatingWallPart"):
        assert name in text


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A study with something of everything, run to its end."""
    folder = tmp_path_factory.mktemp("trap")
    more = """
interaction: false
integrator: rk4
steps: 1000
save: 100
cases:
  free: {}
  tied: {interaction: true, integrator: automatic, animation: true, save: 5}
comparisons:
  effect: {title: What the interaction does, cases: [free, tied]}
convergence:
  orders: {case: free, integrators: [rk4, boris], steps: [500, 1000]}
detection:
  caps: {case: free, distance: 1 mm}
derived:
  ratio: {title: A ratio, ratio: [free.axial_frequency, free.cyclotron_frequency]}
published:
  - {quantity: axial_frequency, case: free, value: 0.695 rad/us}
  - {quantity: rk4_order, case: orders, words: of fourth order, at_least: "3.9", at_most: "4.1"}
"""
    (folder / "all.yaml").write_text(TWO + more + SCAN, encoding="utf-8")
    study = read_study(folder / "all.yaml")
    heard = []
    results = run_study(study, folder / "out", progress=lambda *said: heard.append(said))
    return folder, study, results, heard


def test_everything_is_written(finished):
    folder, _, results, _ = finished
    assert sorted(p.name for p in folder.iterdir()) == ["all.yaml", "out"]  # no pieces are left
    assert (folder / "out" / "animations" / "tied.gif").read_bytes()[:6] == b"GIF89a"
    pictures = {path.stem for path in (folder / "out" / "figures").glob("*.svg")}
    assert {"orbit_free", "axial_tied", "difference_effect", "error_orders_rk4", "order_orders",
            "spectrum_caps", "resonance_near", "growth_near"} <= pictures  # fmt: skip
    page = (folder / "out" / "report.html").read_text(encoding="utf-8")
    assert "animations/tied.gif" in page
    assert [j.verdict for j in results.judgements] == ["agrees", "agrees"]


def test_quantities_against_formulas(finished):
    _, _, results, _ = finished
    found = {name: q.value for name, q in results.outcome.quantities.items()}
    ratio = 1.602176634e-19 / found["free.mass"]
    axial = math.sqrt(2 * ratio * 25e-3 / 500e-6**2)
    assert found["free.axial_frequency"] == pytest.approx(axial, rel=1e-12)
    assert found["free.cyclotron_frequency"] == pytest.approx(ratio, rel=1e-12)
    both = found["free.modified_cyclotron_frequency"] + found["free.magnetron_frequency"]
    assert both == pytest.approx(ratio, rel=1e-12)
    assert found["ratio"] == pytest.approx(axial / ratio, rel=1e-12)
    assert found["free.axial_spread"] < 1e-7  # RK4's damping of the amplitude
    assert found["tied.axial_spread"] > 0.1
    assert found["tied.energy_drift"] < 1e-9
    # ion 1 of the two, by an independent code at 40.078 u, is at (17.9, 66.4, -19.7) um
    end = [found[f"tied.final_{axis}"] * 1e6 for axis in "xyz"]
    assert end == pytest.approx([17.9, 66.4, -19.7], abs=5.0)  # here ion 1 is 40Ca+
    peak, spacing = found["caps.peak_frequency"], found["caps.line_spacing"]
    assert abs(peak - axial / (2 * math.pi)) < spacing


def test_bands_of_a_scan(finished):
    _, _, results, _ = finished
    found = {name: q.value for name, q in results.outcome.quantities.items()}
    # Floquet's band at 2 wz, to first order in f: 2 wz (1 -+ f/8...), here loosely
    assert 1.24e6 < found["near.b_unstable_low"] < 1.26e6
    assert 1.51e6 < found["near.b_unstable_high"] < 1.54e6
    assert found["near.b_low"] == pytest.approx(found["near.b_unstable_low"], abs=0.05e6)
    assert found["near.b_left"] == 0.0
    assert found["near.found"] >= 2


def test_the_dataset(finished):
    folder, _, results, _ = finished
    with xarray.open_dataset(folder / "out" / "results.nc", engine="h5netcdf") as data:
        data = data.load()
    for name, variable in data.variables.items():
        assert variable.attrs["long_name"], name
        assert name == "axis" or variable.attrs["units"], name
    assert data["position_free"].shape == (101, 2, 3)
    assert data["fraction_left_near"].shape == (2, 2, 9)
    for name, quantity in results.outcome.quantities.items():
        assert float(data[name]) == quantity.value


def test_progress_tells_phases_and_fractions(finished):
    heard = finished[3]
    phases = [said[0] for said in heard]
    assert phases.index("moving free") < phases.index("scanning near") < phases.index("drawing")
    parts = [said[1] for said in heard if said[0] == "scanning near" and len(said) > 1]
    assert parts == sorted(parts)
    assert parts[-1] == pytest.approx(1.0)


class Stop(Exception):
    """What stands for a kill."""


def files(folder):
    """Everything in a results folder, by name; the file of netCDF holds no times of its own."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in (".json", ".svg", ".html")
    }


def test_a_stopped_run_goes_on_and_computes_nothing_twice(write, tmp_path, monkeypatch):
    from fieldwright import motion

    path = write(
        ("duration", "cases:\n  a: {}\n  b: {interaction: false}\nduration"), text=TWO + SCAN
    )
    study = read_study(path, {"save": "50"})
    whole = run_study(study, tmp_path / "whole")

    def stop_in_scan(phase, fraction=None):
        if phase == "scanning near" and fraction and fraction > 0.5:
            raise Stop

    with pytest.raises(Stop):
        run_study(study, tmp_path / "parts", progress=stop_in_scan)
    left = partial_folder(tmp_path / "parts")
    assert not (tmp_path / "parts").exists()
    assert len(list(left.glob("*.npz"))) == 3  # two cases, the first amplitude

    calls = []
    for name in ("simulate", "loss_scan"):
        own = getattr(motion, name)
        monkeypatch.setattr(
            motion, name, lambda *a, own=own, name=name, **k: (calls.append(name), own(*a, **k))[1]
        )
    again = run_study(study, tmp_path / "parts")
    assert calls == ["loss_scan"]  # the second amplitude alone
    assert not left.exists()
    assert again.record == whole.record
    assert files(tmp_path / "parts") == files(tmp_path / "whole")


def test_pieces_are_of_their_inputs(tmp_path):
    pieces = Pieces(tmp_path / "p")
    made = []

    def make():
        made.append(1)
        return {"x": np.array([0.1, np.inf])}

    for inputs in ({"a": 1.0}, {"a": 1.0}, {"a": 1.0000000000000002}):
        assert pieces.get(inputs, make)["x"].tolist() == [0.1, np.inf]
    assert len(made) == 2
    (first, second) = sorted((tmp_path / "p").glob("*.npz"))
    first.write_bytes(b"torn")  # of a failing disk
    second.write_bytes(second.read_bytes()[:30])
    pieces.get({"a": 1.0}, make)
    pieces.get({"a": 1.0000000000000002}, make)
    assert len(made) == 4
    pieces.remove()
    assert not (tmp_path / "p").exists()
    assert Pieces().get({"a": 1}, make)["x"][0] == 0.1


def test_pieces_where_nothing_can_be_written(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot be written"):
        Pieces(tmp_path / "file" / "p").get({}, dict)


def test_a_file_of_ions_is_found_beside_the_study(write, tmp_path):
    pytest.importorskip("beamphysics")
    from fieldwright.motion import normal_cloud, write_openpmd

    write_openpmd(tmp_path / "ions.h5", normal_cloud(5, "e-", 1e-5, temperature=1.0))
    text = TWO[: TWO.index("ions:")].replace("25 mV", "-1 V") + (
        "ions:\n  - {file: ions.h5}\nduration: 1 ns\ninteraction: false\n"
    )
    study = read_study(write(text=text))
    assert compute_study(study).outcome.quantities["ions"].value == 5
    assert "there is no file" in problems(write(("ions.h5", "absent.h5"), text=text))[0]


@pytest.mark.slow
def test_a_killed_command_goes_on(write, tmp_path):
    path = write(text=TWO + SCAN.replace("points: 9", "points: 401"))
    command = [sys.executable, "-m", "fieldwright", "run", path.name, "-o", "out"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL)
    left = tmp_path / "out.partial"
    while process.poll() is None and len(list(left.glob("*.npz"))) < 2:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    if (tmp_path / "out").exists():
        pytest.skip("it was done before it could be killed")
    kept = {path.name: path.read_bytes() for path in left.glob("*.npz")}
    assert kept
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "going on with what an earlier run left in out.partial" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "two.yaml"]
    undisturbed = subprocess.run([*command[:-1], "other"], cwd=tmp_path, check=False)
    assert undisturbed.returncode == 0
    assert files(tmp_path / "out") == files(tmp_path / "other")
