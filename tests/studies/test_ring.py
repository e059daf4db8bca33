"""The study kind `ring`: what is read, what is refused, what comes out, and runs that go on."""

from __future__ import annotations

import csv
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
import xarray

from fieldwright import rings
from fieldwright.cli import _exit_code, app
from fieldwright.errors import (
    ConvergenceError,
    InputError,
    NoClosedOrbitError,
    NoRFError,
    UnstableLatticeError,
)
from fieldwright.studies import compute_study, gallery, read_study, run_study, schema
from fieldwright.studies._pieces import partial_folder

SMALL = """\
kind: ring
title: A round ring
ring: {gallery: vepp2000}
places: [IP1, RF]
"""

CELL = """\
PALS:
  facility:
    - QF: {kind: Quadrupole, length: 0.3, MagneticMultipoleP: {Kn1: 1.2}}
    - QD: {kind: Quadrupole, length: 0.3, MagneticMultipoleP: {Kn1: -1.2}}
    - M: {kind: Multipole, MagneticMultipoleP: {Kn2L: 0.5}}
    - B: {kind: Bend, length: 1.5, BendP: {angle_ref: 0.392699081698724}}
    - D: {kind: Drift, length: 0.5}
    - cell: {kind: BeamLine, line: [QF, D, B, D, QD, D, B, D]}
    - whole:
        kind: BeamLine
        periodic: true
        line:
          - begin: {kind: BeginningEle, ReferenceP: {species_ref: electron, E_tot_ref: 1.0e+9}}
          - M
          - cell: {repeat: 8}
    - plain: {kind: Lattice, branches: [whole]}
"""


@pytest.fixture
def write(tmp_path):
    """Write a study file, with (old, new) replacements."""

    def write_study(*changes, text=SMALL, name="ring.yaml"):
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


MISTAKES = [
    ("", "ring.yaml:1: nothing is asked for: give a `ring`"),
    ("ring: {gallery: vepp2001}", "ring.yaml:3: ring.gallery: must be 'vepp2000'"),
    ("ring: {gallery: vepp2000, file: a.yaml}", "ring.yaml:3: ring: give either a `file` or"),
    ("ring: {file: absent.pals.yaml}", "ring.yaml:3: ring.file: "),
    ("ring: {gallery: vepp2000, polarity: '+-'}", "ring.yaml:3: ring.polarity: must be '++--'"),
    ("ring: {gallery: vepp2000}\nenergy: 1 GV", "energy: '1 GV' is a voltage; expected"),
    ("ring: {gallery: vepp2000}\nenergy: 100 keV", "ring.yaml:4: energy: energy must be above the"),
    ("ring: {gallery: vepp2000}\nplaces: [IP3]", "ring.yaml:4: places.0: the lattice has no "
     "element 'IP3'; did you mean 'IP"),
    ("ring: {gallery: vepp2000}\nset: {QX: {k1: 2 1/m^2}}", "ring.yaml:4: set.QX: the lattice has"),
    ("ring: {gallery: vepp2000}\nset: {QF: {k1: 2 1/m}}", "ring.yaml:4: set.QF.k1: '2 1/m' is"),
    ("ring: {gallery: vepp2000}\nset: {QF: {k1: 2}}", "ring.yaml:4: set.QF.k1: 2 has no unit"),
    ("ring: {gallery: vepp2000}\nset: {QF: {ks: 2 1/m}}", "QF is a Quadrupole and has no 'ks'"),
    ("ring: {gallery: vepp2000}\nrf: {elements: CAV, voltage: 1 kV}", "ring.yaml:4: rf.elements:"),
    ("ring: {gallery: vepp2000}\nerrors: {of: [{elements: QQ, dx: 1 um}]}",
     "ring.yaml:4: errors.of.0.elements: the lattice has no element 'QQ'"),
    ("ring: {gallery: vepp2000}\nerrors: {of: [{elements: QF, dx: -1 m}]}", "must not be negative"),
    ("ring: {gallery: vepp2000}\nmatch: {vary: [{number: QF}], targets: [{quantity: tunes, "
     "value: [1, 2]}]}", "ring.yaml:4: match.vary.0.number: 'QF': write an element and its number"),
    ("ring: {gallery: vepp2000}\nmatch: {vary: [{number: QF.k1}], targets: [{quantity: tune, "
     "value: 1}]}", "ring.yaml:4: match.targets.0: a target is one of"),
    ("ring: {gallery: vepp2000}\nmatch: {vary: [{number: QF.k1}], targets: [{quantity: beta, at: "
     "IP1, value: [1, null]}]}", "match.targets.0.value: 1 has no unit"),
    ("ring: {gallery: vepp2000}\nscans: {s: {vary: QF.k1, from: 1 m, to: 2 m, points: 3}}",
     "ring.yaml:4: scans.s.from: '1 m' is a length; expected"),
    ("ring: {gallery: vepp2000}\ncollisions: {c: {particles: 1e11}}", "give `at`, for the beam"),
    ("ring: {gallery: vepp2000}\ncollisions: {c: {particles: 1e11, at: [IP9]}}",
     "ring.yaml:4: collisions.c.at.0: the lattice has no element 'IP9'"),
    ("ring: {gallery: vepp2000}\nfigures: {f: {caption: x, show: orbit}}",
     "ring.yaml:4: figures.f.cases: the study does not `find` its orbit"),
    ("ring: {gallery: vepp2000}\nfigures: {f: {caption: x, show: spot, at: IP9}}",
     "ring.yaml:4: figures.f.at: there is no element 'IP9' in the ring of the study"),
    ("ring: {gallery: vepp2000}\nfigures: {f: {caption: x, show: scan}}", "needs `scan`: which"),
    ("ring: {gallery: vepp2000}\nscans: {s: {vary: energy, from: 1 GeV, to: 2 GeV, points: 2}}\n"
     "figures: {f: {caption: x, show: scan, scan: s, quantities: [emittance_1, bunch_length]}}",
     "ring.yaml:5: figures.f.quantities: one axis cannot carry m, m rad: give a figure to each"),
    ("cases: {a: {ring: {gallery: vepp2000}}, b: {}}", "ring.yaml:3: cases.b: has no `ring`"),
    ("ring: {gallery: vepp2000}\npublished: [{quantity: tune1, value: '4.1'}]",
     "no quantity 'tune1' is computed here, did you mean 'tune_1'?"),
    ("ring: {gallery: vepp2000}\nderived: {tune_1: {title: t, ratio: [tune_2, tune_2]}}",
     "ring.yaml:4: derived.tune_1: is the name of something else that is computed"),
    ("ring: {gallery: vepp2000}\nderived: {q: {title: t, ratio: [tune_1, q]}}",
     "ring.yaml:4: derived.q.ratio: no quantity 'q' is computed here"),
    ("lenses: {l: {tune_x: 0.1, tune_y: 0.2, strength: 1 m}}", "ring.yaml:3: lenses.l.strength:"),
    ("lenses: {l: {tune_x: 0.1, tune_y: 0.2, strength: 1 1/m}}\nfigures: {f: {caption: x, show: "
     "resonance}}", "ring.yaml:4: figures.f: lens l has no `resonance`"),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "message"), MISTAKES)
def test_a_mistake_is_told_with_its_line(write, lines, message):
    found = problems(write(text=f"kind: ring\ntitle: x\n{lines}\n"))
    assert any(message in line for line in found), found


def test_a_lattice_file_is_found_beside_the_study(write, tmp_path):
    (tmp_path / "plain.pals.yaml").write_text(CELL, encoding="utf-8")
    text = "kind: ring\ntitle: x\nring: {file: plain.pals.yaml}\nset: {M: {k2: 0.7 1/m^2}}\n"
    study = read_study(write(text=text))
    from fieldwright.studies.ring._build import build

    lattice = build(study.run_of(None))
    assert lattice.get("M", "k2") == [0.7]  # of a multipole integrated strengths
    assert lattice.circumference == pytest.approx(8 * 5.6)
    wrong = text.replace("plain.pals", "broken.pals")
    (tmp_path / "broken.pals.yaml").write_text(CELL.replace("Kn1: 1.2", "Kn1: x"), encoding="utf-8")
    (found,) = problems(write(text=wrong))
    assert found.startswith("ring.yaml:3: ring.file: ")
    assert "broken.pals.yaml:3: " in found


def test_a_beam_without_rf_is_a_named_error(write):
    with pytest.raises(NoRFError, match=r"ring\.yaml:4: find: the ring has no cavity with") as no:
        read_study(write(("places: [IP1, RF]", "find: [beam]\nrf: {voltage: 0 V}")))
    assert no.value.exit_code == 4
    assert no.value.numbers == {"cavities": 1.0}
    read_study(write(("places: [IP1, RF]", "rf: {voltage: 0 V}")))  # optics need none


def test_an_unstable_ring_is_a_named_error(write):
    study = read_study(write(("vepp2000}", "vepp2000, polarity: 'off'}")))
    with pytest.raises(UnstableLatticeError, match=r"ring\.yaml:3: ring: the ring is unst") as no:
        compute_study(study)
    assert no.value.exit_code == 4
    assert abs(no.value.numbers["trace_x"]) > 2 or abs(no.value.numbers["trace_y"]) > 2


def test_a_ring_whose_cavity_cannot_hold_the_beam(write):
    study = read_study(write(("places: [IP1, RF]", "rf: {voltage: 50 kV}")))  # 63 keV are lost
    with pytest.raises(NoClosedOrbitError, match=r"ring\.yaml:3: ring: ") as no:
        compute_study(study)
    assert no.value.exit_code == 4


def test_the_command_ends_with_4_and_writes_nothing(write, tmp_path, capsys):
    path = write(("vepp2000}", "vepp2000, polarity: 'off'}"))
    out = tmp_path / "out"
    code = _exit_code(
        lambda: app(["run", str(path), "--output", str(out), "--json"], standalone_mode=False)
    )
    said = capsys.readouterr()
    assert code == 4
    assert said.out == ""  # a reader of JSON gets none
    assert re.search(r"ring\.yaml:3: ring: the ring is unstable: amplitudes grow [\d.]+-", said.err)
    assert "traces" in said.err
    assert "element" in said.err
    assert [p.name for p in tmp_path.iterdir()] == ["ring.yaml"]


def test_a_scan_tells_where_the_ring_is_unstable(write, monkeypatch):
    """With tunes that are made up: counting and telling is what is looked at."""

    class Found:
        tunes = (4.1, 2.1)

    def optics(ring):
        if ring.get("QF", "k1")[0] > limit:
            raise UnstableLatticeError("the ring is unstable: traces 3 of x", {"trace_x": 3.0})
        return Found

    monkeypatch.setattr(rings, "optics", optics)
    more = """\
find: [magnets]
figures: {f: {caption: x, show: scan, scan: s, quantities: [tune_1, tune_2]}}
scans: {s: {vary: QF.k1, from: 14 1/m^2, to: 18 1/m^2, points: 5, find: [optics]}}
"""
    study = read_study(write(text=SMALL + more))
    limit = 15.5
    results = compute_study(study)
    assert results.outcome.quantities["s.unstable"].value == 3
    assert results.outcome.quantities["s.tune_1_last"].value == 4.1
    (table,) = [table for table in results.outcome.tables if table.title.startswith("Scan")]
    assert table.caption == (
        "QF.k1 from 14 1/m² to 18 1/m², 5 points. The ring is unstable or has no closed orbit at 3 "
        "of them."
    )
    figure = results.outcome.drawings[0].draw()
    assert figure.axes[0].get_ylabel() == "tune"
    limit = 13.0  # nowhere
    with pytest.raises(UnstableLatticeError, match=r"ring\.yaml:\d+: scans\.s: the ring is unst"):
        compute_study(study)


def test_the_resolved_study_reads_the_same(write, tmp_path):
    path = gallery()["vepp2000"]
    study = read_study(path)
    (tmp_path / "again.yaml").write_text(json.dumps(study.resolved()), encoding="utf-8")
    assert read_study(tmp_path / "again.yaml") == study


def test_schema():
    one = schema("ring")
    assert one["properties"]["kind"]["const"] == "ring"
    assert "set" in one["properties"]
    text = json.dumps(one)
    for name in ("RingPart", "CollisionPart", "ScanPart", "TrackingPart", "LensPart"):
        assert name in text


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A study with a little of everything, run to its end."""
    folder = tmp_path_factory.mktemp("ring")
    more = """
bore: 20 mm
cases:
  plain: {find: [optics, beam, magnets]}
collisions:
  numbers: {case: plain, emittance: 2.2e-7 m rad, beta: 10 cm, length: 33 mm, particles: 1e11,
            crossings: 2, wanted_parameter: 0.15}
scans:
  energies: {case: plain, vary: energy, from: 0.5 GeV, to: 1 GeV, points: 3}
solenoids:
  coils: {gallery: vepp2000}
figures:
  ring: {caption: The ring., show: layout, cases: [plain]}
  spot: {caption: The beam., show: spot, cases: [plain]}
  sizes: {caption: Its sizes., show: sizes, cases: [plain]}
  tunes: {caption: Its tunes., show: tunes, cases: [plain], order: 3}
  energies: {caption: Over energy., show: scan}
  coils: {caption: Its solenoids., show: solenoid}
derived:
  twice: {title: bend over its pole, ratio: [plain.B_field, plain.QF_bore_field]}
published:
  - {quantity: B_field, case: plain, value: 2.383 T}
"""
    (folder / "all.yaml").write_text(SMALL + more, encoding="utf-8")
    study = read_study(folder / "all.yaml")
    heard = []
    results = run_study(study, folder / "out", progress=lambda *said: heard.append(said))
    return folder, study, results, heard


def test_everything_is_written(finished):
    folder, _, results, _ = finished
    assert sorted(p.name for p in folder.iterdir()) == ["all.yaml", "out"]  # no pieces are left
    pictures = {path.stem for path in (folder / "out" / "figures").glob("*.svg")}
    assert pictures == {"ring", "spot", "sizes", "tunes", "energies", "coils", "deviations"}
    assert [j.verdict for j in results.judgements] == ["agrees"]
    page = (folder / "out" / "report.html").read_text(encoding="utf-8")
    assert "reconstruction" in page.lower()  # what the lattice says of itself


def test_quantities_against_formulas(finished):
    _, _, results, _ = finished
    found = {name: q.value for name, q in results.outcome.quantities.items()}
    gamma = 1e9 / 510998.95069
    rigidity = math.sqrt(1e18 - 510998.95069**2) / 299792458.0
    assert found["plain.rigidity"] == pytest.approx(rigidity, rel=1e-12)
    assert found["plain.B_field"] == pytest.approx(rigidity / 1.4, rel=1e-9)
    assert found["plain.QF_bore_field"] == pytest.approx(0.02 * found["plain.QF_gradient"])
    assert found["twice"] == pytest.approx(found["plain.B_field"] / found["plain.QF_bore_field"])
    assert (found["plain.quadrupoles"], found["plain.QI_count"]) == (24, 4)
    # Sands: C_gamma E^4 / rho; J sum (Robinson); isomagnetic energy spread
    radius, wave = 2.8179403205e-15, 3.8615926744e-13
    loss = 4 * math.pi / 3 * radius * 510998.95069 * gamma**4 / 1.4
    assert found["plain.energy_loss"] == pytest.approx(loss, rel=1e-4)
    assert found["plain.partition_sum"] == pytest.approx(4.0, rel=1e-5)
    spread = 55 / (32 * math.sqrt(3)) * wave * gamma**2 / (1.4 * found["plain.partition_3"])
    assert found["plain.energy_spread"] == pytest.approx(math.sqrt(spread), rel=2e-4)
    length = (found["plain.momentum_compaction"] * 299792458.0 * found["plain.energy_spread"]
              / (2 * math.pi * found["plain.synchrotron_frequency"]))  # fmt: skip
    assert found["plain.bunch_length"] == pytest.approx(length, rel=1e-3)
    # a round beam: L = N^2 f / (4 pi sigma^2), xi = N r / (4 pi gamma emittance)
    rate = 1e22 * found["plain.revolution_frequency"] / (4 * math.pi * 2.2e-8)
    assert found["numbers.nominal"] == pytest.approx(rate, rel=1e-9)
    xi = 1e11 * radius / (4 * math.pi * gamma * 2.2e-7)
    assert found["numbers.parameter"] == pytest.approx(xi, rel=1e-9)
    assert found["numbers.particles_for_parameter"] == pytest.approx(1e11 * 0.15 / xi)
    assert found["energies.emittance_1_exponent"] == pytest.approx(2.0, abs=1e-3)
    assert found["energies.energy_loss_exponent"] == pytest.approx(4.0, abs=1e-3)
    assert found["energies.unstable"] == 0
    forces = sum(found[f"coils.{name}_force"] for name in ("first", "second", "additional"))
    assert abs(forces) < 1e-6 * found["coils.additional_force"]  # Newton's third law


def test_the_dataset_and_its_named_rows(finished):
    folder, _, results, _ = finished
    with xarray.open_dataset(folder / "out" / "results.nc", engine="h5netcdf") as data:
        data = data.load()
    for name, variable in data.variables.items():
        assert variable.attrs["long_name"], name
        assert variable.attrs["units"], name
    rows = data.where(data.element_plain == "IP1", drop=True)
    assert float(rows["beta_x_plain"][0]) == pytest.approx(0.1, rel=1e-9)
    for name, quantity in results.outcome.quantities.items():
        assert float(data[name]) == quantity.value
    with (folder / "out" / "tables" / "plain.csv").open(newline="") as file:
        table = {row["element"]: row for row in csv.DictReader(file)}
    assert float(table["IP2"]["s [m]"]) == pytest.approx(12.194)


def test_rows_are_shown_by_their_element(finished, capsys):
    from typer.testing import CliRunner

    folder = finished[0] / "out"
    found = CliRunner().invoke(app, ["show", str(folder), "--rows", "IP*", "--json"])
    rows = json.loads(found.stdout)["plain"]
    assert [row["element"] for row in rows] == ["IP1", "IP2"]
    assert "s [m]" in CliRunner().invoke(app, ["show", str(folder), "--rows", "IP*"]).stdout
    wrong = CliRunner().invoke(app, ["show", str(folder), "--rows", "XX"])
    assert isinstance(wrong.exception, InputError)
    assert "no element 'XX'" in str(wrong.exception)


def test_tables_and_legends_are_fit_to_print(finished):
    outcome = finished[2].outcome
    tables = {table.title: table for table in outcome.tables}
    magnets = tables["Magnets: plain"]
    assert magnets.header[-1] == "field at 20 mm"
    for column in zip(*magnets.rows, strict=True):
        assert set(column) != {"–"}  # no column of nothing
    forces = tables["Solenoid sections"]
    assert [row[0].split(": ")[1] for row in forces.rows] == ["first", "second", "additional"]
    shown = " ".join(cell for table in outcome.tables for row in table.rows for cell in row)
    assert "-0 " not in shown
    assert "nm rad" in shown
    (scan,) = [drawing for drawing in outcome.drawings if drawing.name == "energies"]
    legend = scan.draw().axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == [
        r"$\sigma_x$ at IP1", r"$\sigma_y$ at IP1"
    ]  # fmt: skip


def test_progress_tells_phases_and_fractions(finished):
    heard = finished[3]
    phases = [said[0] for said in heard]
    assert phases.index("ring plain") < phases.index("scanning energies") < phases.index("drawing")


class Stop(Exception):
    """What stands for a kill."""


def test_a_stopped_tracking_goes_on_and_computes_nothing_twice(write, tmp_path, monkeypatch):
    """With a tracker that only adds numbers: pieces are what is looked at."""

    class Moved:
        def __init__(self, final):
            self.final = final

    calls = []

    def track(ring, start, turns, *, radiation, seed, progress):
        calls.append((turns, seed))
        progress(1.0)
        noise = np.random.default_rng(seed).standard_normal(np.shape(start))
        return Moved(np.asarray(start) + 1e-6 * noise)

    monkeypatch.setattr(rings, "track", track)
    monkeypatch.setattr(rings, "closed_orbit", lambda ring, **_: np.zeros((1, 6)))
    monkeypatch.setattr(rings, "one_turn_matrix", lambda ring, **_: 0.9 * np.eye(6))
    more = (
        "find: [beam]\nfigures: {}\ntracking: {t: {particles: 20, turns: 10, pieces: 4, seed: 2}}\n"
    )
    study = read_study(write(text=SMALL + more))

    def stop(phase, fraction=None):
        if phase == "tracking t" and fraction and fraction > 0.6:
            raise Stop

    with pytest.raises(Stop):
        run_study(study, tmp_path / "parts", progress=stop)
    assert len(list(partial_folder(tmp_path / "parts").glob("*.npz"))) == 2
    assert [turns for turns, _ in calls] == [2, 3, 3]
    calls.clear()
    parts = run_study(study, tmp_path / "parts")
    assert len(calls) == 2  # the third piece again, and the fourth
    assert not partial_folder(tmp_path / "parts").exists()
    whole = run_study(study, tmp_path / "whole")
    assert parts.record == whole.record


def test_tracking_in_which_all_particles_are_lost(write, monkeypatch):
    class Gone:
        final = np.full((20, 6), np.nan)

    monkeypatch.setattr(rings, "track", lambda *_, **__: Gone)
    monkeypatch.setattr(rings, "closed_orbit", lambda ring, **_: np.zeros((1, 6)))
    monkeypatch.setattr(rings, "one_turn_matrix", lambda ring, **_: 0.9 * np.eye(6))
    more = "find: [magnets]\ntracking: {t: {particles: 20, turns: 10, pieces: 2}}\n"
    study = read_study(write(text=SMALL + more))
    with pytest.raises(ConvergenceError, match=r"ring\.yaml:6: tracking\.t: 20 of 20 particles"):
        compute_study(study)


@pytest.mark.slow
def test_errors_collisions_and_the_figures_that_are_chosen(write, tmp_path):
    text = """\
kind: ring
title: Errors and collisions
ring: {gallery: vepp2000}
errors: {seed: 3, of: [{elements: "Q*", dx: 20 um, dy: 20 um}]}
find: [orbit, optics, chromaticity, beam]
collisions: {meet: {at: [IP1, IP2], particles: 1e11}}
"""
    results = run_study(read_study(write(text=text)), tmp_path / "out")
    found = {name: q.value for name, q in results.outcome.quantities.items()}
    machines = rings.with_errors(
        rings.vepp2000("++--"), 1, {"Q*": {"dx": 20e-6, "dy": 20e-6}}, seed=3
    )
    orbit = rings.closed_orbit(rings.machine(machines, 0), delta=0.0)
    largest = float(np.abs(orbit[:, 0]).max())
    assert found["largest_orbit_x"] == pytest.approx(largest, rel=1e-9)
    beams = rings.beams_in_collision(rings.machine(machines, 0), 1e11, ["IP1", "IP2"])
    assert found["meet.dynamic_luminosity"] == pytest.approx(float(beams.luminosity[0]), rel=1e-6)
    pictures = {path.stem for path in (tmp_path / "out" / "figures").glob("*.svg")}
    assert pictures == {"layout", "optics", "orbit", "tunes", "sizes", "spot"}


@pytest.mark.slow
def test_a_cavity_on_the_wrong_side_of_transition(write):
    """VEPP-2000's transition is at 2.7 MeV: below it the usual phase lets the beam go."""
    below = "find: [beam]\nenergy: 2 MeV\nrf: {voltage: 1 V}"
    study = read_study(write(("places: [IP1, RF]", below)))
    with pytest.raises(UnstableLatticeError, match=r"ring\.yaml:3: ring: .* wrong side") as no:
        compute_study(study)
    assert no.value.exit_code == 4
    assert no.value.numbers["trace_z"] > 2
    across = below.replace("2 MeV", "3.4 MeV") + (
        "\nscans: {s: {vary: energy, from: 2 MeV, to: 3.4 MeV, points: 8}}"
    )
    found = compute_study(read_study(write(("places: [IP1, RF]", across)))).outcome.quantities
    assert found["s.unstable"].value == 4  # 2.0 to 2.6 MeV
    # a bunch is short near transition
    assert found["s.bunch_length_first"].value < found["s.bunch_length_last"].value


@pytest.mark.slow
def test_a_match_and_one_that_fails(write):
    text = """\
kind: ring
title: Matched
ring: {file: FILE}
find: [optics]
match:
  vary: [{number: QF.k1, from: 2 1/m^2, to: 4 1/m^2}, {number: QD.k1}]
  targets: [{quantity: tunes, value: [3.22, 1.41]}]
""".replace("FILE", str(Path(gallery()["beam-size"]).parent / "lattices" / "cells.pals.yaml"))
    found = compute_study(read_study(write(text=text))).outcome.quantities
    assert found["tune_1"].value == pytest.approx(3.22, abs=1e-6)
    assert found["tune_2"].value == pytest.approx(1.41, abs=1e-6)
    study = read_study(write(("to: 4 1/m^2", "to: 3.001 1/m^2"), text=text))
    with pytest.raises(ConvergenceError, match=r"ring\.yaml:5: match: the targets are NOT met"):
        compute_study(study)


@pytest.mark.slow
def test_tracking_against_theory(write, tmp_path):
    """Real particles, and an aperture, of a small ring in which damping is fast."""
    lattices = Path(gallery()["beam-size"]).parent / "lattices"
    text = f"""\
kind: ring
title: Particles
ring: {{file: {lattices / "cells.pals.yaml"}}}
energy: 4 GeV
rf: {{voltage: 20 MV}}
set: {{SKEW: {{k1s: 0.1 1/m^2}}}}
tracking: {{t: {{particles: 500, turns: 300, pieces: 3}}}}
apertures: {{a: {{turns: 100, rays: 3, delta: 0}}}}
"""
    found = compute_study(read_study(write(text=text))).outcome.quantities
    assert found["t.deviation"].value < 4.0
    assert found["t.lost"].value == 0
    assert found["t.sigma_x"].value == pytest.approx(found["t.sigma_x_expected"].value, rel=0.15)
    assert 1e-3 < found["a.radius_x"].value < 0.5
