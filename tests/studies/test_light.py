"""The study kind `light`: what is read, what is refused, what comes out, and runs that go on."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import xarray

from fieldwright import light
from fieldwright.cli import _exit_code, app
from fieldwright.errors import BelowThresholdError, InputError
from fieldwright.studies import compute_study, read_study, run_study, schema
from fieldwright.studies._pieces import partial_folder

SMALL = """\
kind: light
title: An undulator
beam: {energy: 3 GeV, current: 100 mA}
radiator: {undulator: {period: 20 mm, periods: 100, K: 1}}
"""

CRYSTAL = """\
kind: light
title: A crystal
beam: {species: e+, energy: 13.6 GeV}
radiator: {crystal: {material: diamond, potential: {spacing: 0.126 nm, depth: 24.9 eV},
                     period: 14 um, periods: 100, amplitude: 0.127 nm}}
medium: {plasma_energy: 38 eV}
bunch: {particles: 1.56e9, size: [0 m, 0 m, 9 um]}
"""


@pytest.fixture
def write(tmp_path):
    """Write a study file, with (old, new) replacements."""

    def write_study(*changes, text=SMALL, name="light.yaml"):
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


BEAM = "beam: {energy: 3 GeV, current: 100 mA}\n"
PLANAR = BEAM + "radiator: {undulator: {period: 20 mm, periods: 100, K: 1}}\n"
WAVES = "".join(CRYSTAL.splitlines(keepends=True)[2:])
BENT = WAVES.replace("e+", "e-")
MISTAKES = [
    ("", "light.yaml:1: nothing is asked for: give a `radiator`, or `cases`"),
    ("cases: {a: {}}", "light.yaml:3: cases.a: has no `radiator`"),
    ("radiator: {undulator: {period: 20 mm, periods: 100, K: 1}}", "has no `beam`; give it one"),
    (BEAM + "radiator: {}", "light.yaml:4: radiator: give one of `undulator`, `bending_magnet`"),
    (BEAM + "radiator: {undulator: {period: 20 mm, periods: 9}}", "give one of `K`, `field`"),
    (BEAM + "radiator: {undulator: {period: 20 mm, periods: 0, K: 1}}", "radiator.undulator.peri"),
    (BEAM + "radiator: {wiggler: {}}", "light.yaml:4: radiator.wiggler: unknown key 'wiggler'"),
    (BEAM + "radiator: {undulator: {shape: helical, period: 1 m, periods: 9, K: 1, uniform: true}}",
     "`uniform` goes with a planar undulator"),
    (PLANAR.replace("3 GeV", "300 keV"), "light.yaml:3: beam.energy: energy must be above the"),
    (PLANAR.replace("energy: 3 GeV", "energy: 3 GeV, gamma: 9"), "beam: give one of `energy`, `g"),
    (PLANAR.replace("3 GeV", "3 GeV, beta: [3 m, 2 m]"), "`emittance` and `beta` go together"),
    (PLANAR + "photon_energy: 3 km/s", "light.yaml:5: photon_energy: '3 km/s' is a velocity; "
     "expected an energy such as '9 GeV', or a wavelength such as '0.15 nm'"),
    (PLANAR + "photon_energy: 0 nm", "photon_energy: must be larger than zero, got 0 nm"),
    (PLANAR + "harmonics: [1, 1]", "`harmonics` are whole numbers from 1 on, each once"),
    (PLANAR + "find: [coherent]", "light.yaml:5: find: 'coherent' needs a `bunch` and"),
    (PLANAR + "find: [channeling]", "light.yaml:5: find: 'channeling' needs a crystal"),
    (PLANAR + "medium: {plasma_energy: 38 eV}\nphoton_energy: 20 eV",
     "light.yaml:6: photon_energy: photon energy 20 eV is not above the plasma energy 38 eV"),
    (PLANAR + "medium: {material: diamond, attenuation_length: 1 mm}", "goes with `plasma_energy`"),
    (PLANAR + "bunch: {particles: 1e9, size: 1 um, depth: 2}", "light.yaml:5: bunch.depth: "),
    (PLANAR + "leaving: dechanneling", "light.yaml:5: leaving: goes with a crystal whose planes"),
    (PLANAR + "spectra: {s: {from: 3 keV, to: 2 keV}}", "spectra.s: `to` must be a larger photon"),
    (WAVES + "spectra: {s: {from: 30 eV, to: 2 keV}}", "light.yaml:8: spectra.s.from: photon ener"),
    (PLANAR + "channels: {c: {}}", "light.yaml:5: channels.c: needs a crystal"),
    (PLANAR + "limits: {l: {}}", "light.yaml:5: limits.l: needs a crystal whose planes wave"),
    (PLANAR + "measurements: {m: {modulated: 3, unmodulated: 2}}", "needs a case that finds `coh"),
    (PLANAR + "measurements: {m: {modulated: 3}}", "give `unmodulated` counts, or `bunches` and"),
    (PLANAR + "figures: {f: {caption: x, show: map}}", "`show: map` needs `map`: which"),
    (PLANAR + "figures: {f: {caption: x, show: spectrum, spectra: [s]}}", "no spectrum 's'"),
    (PLANAR + "figures: {f: {caption: x, show: coherent}}", "does not find `coherent` light"),
    (PLANAR + "maps: {f: {half_angle: 1 mrad}}\ntuning: {f: {from: 1, to: 2}}",
     "light.yaml:6: tuning.f: is the name of one of the maps already"),
    (PLANAR + "published: [{quantity: harmonic_2_energy, value: 3 keV}]",
     "no quantity 'harmonic_2_energy' is computed here, did you mean 'harmonic_"),
    (PLANAR.replace(", current: 100 mA", "") + "tuning: {t: {from: 1, to: 2}}",
     "tuning.t: needs a magnetic undulator in vacuum and a beam with a `current`"),
    (BEAM.replace(", current: 100 mA", "") + "radiator: {bending_magnet: {field: 1 T}}",
     "light.yaml:3: beam: needs a `current`, for a bending magnet's flux"),
    ("radiator: {trajectory: {file: none.npz}}", "light.yaml:3: radiator.trajectory.file: "),
    (BENT, "light.yaml:3: beam.species: a crystalline undulator is of positrons: write"),
    (WAVES.replace("0.127 nm", "0.127 nm, K: 1"), "light.yaml:4: radiator.crystal: give one of"),
    (WAVES.replace("periods: 100, ", ""), "planes that wave need `periods`: how many"),
    (WAVES.replace("amplitude: 0.127 nm", "amplitude: 0.127 nm, length: 1 mm"), "of planes that"),
    (WAVES.replace("period: 14 um,", ""), "without a `period` give `photon_energy` and `medium`"),
    (WAVES.replace("14 um", "6 um"), "radiator.crystal.period: the planes wave in 6 um and"),
    (WAVES.replace("0.126 nm", "0 m"), "radiator.crystal.potential.spacing: must be larger"),
    (WAVES + "designs: {d: {}}\nchannels: {d: {}}", "is the name of one of the channels already"),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "message"), MISTAKES)
def test_a_mistake_is_told_with_its_line(write, lines, message):
    found = problems(write(text=f"kind: light\ntitle: x\n{lines}\n"))
    assert any(message in line for line in found), found


def test_a_wavelength_is_a_photon_energy(write):
    study = read_study(write(text=SMALL + "photon_energy: 0.15 nm\n"))
    assert study.photon_energy == pytest.approx(8265.613228880018, rel=1e-15)


def test_charges_too_slow_for_the_medium_are_a_named_error(write, tmp_path, capsys):
    path = write(("13.6 GeV", "200 MeV"), text=CRYSTAL)
    with pytest.raises(BelowThresholdError, match=r"light\.yaml:3: beam: gamma = 391") as no:
        read_study(path)
    assert no.value.exit_code == 4
    assert no.value.numbers["threshold"] > 429
    code = _exit_code(lambda: app(["validate", str(path)], standalone_mode=False))
    assert code == 4
    assert "from which on this undulator gives light" in capsys.readouterr().err


def test_schema():
    one = schema("light")
    assert one["properties"]["kind"]["const"] == "light"
    text = json.dumps(one)
    for name in ("RadiatorPart", "CrystalPart", "BunchPart", "SpectrumPart", "MeasurementPart"):
        assert name in text


@pytest.fixture(scope="module")
def magnet(tmp_path_factory):
    """An undulator and a bending magnet, run to the end."""
    folder = tmp_path_factory.mktemp("light")
    more = """
cases:
  filament: {title: a beam of no size}
  real:
    title: a real beam
    beam: {energy: 3 GeV, current: 100 mA, emittance: [300 pm rad, 5 pm rad], beta: [3 m, 2 m],
           spread: 0.001}
    harmonics: [1]
  bend:
    title: a bending magnet
    radiator: {bending_magnet: {field: 1.27 T}}
    photon_energy: 3050 eV
    beam: {energy: 1.9 GeV, current: 400 mA}
  way:
    title: a way from a file
    radiator: {trajectory: {file: way.csv, periods: 100}}
    photon_energy: 2848.9 eV
spectra: {first: {case: filament, from: 2.8 keV, to: 2.9 keV, points: 101}}
maps: {around: {case: filament, half_angle: 30 urad, points: 31}}
tuning: {tuned: {case: real, harmonics: [1, 3], from: 0.5, to: 2, points: 20}}
derived:
  left:
    title: what size leaves
    ratio: [real.harmonic_1_density, filament.harmonic_1_density]
published:
  - {quantity: harmonic_1_energy, case: filament, value: 2849 eV}
"""
    from fieldwright.studies.light._paths import path_through

    one = path_through(light.PlanarUndulator(0.02, 1.0, 100), 5870.853542730)
    u = np.asarray(one.velocity / np.sqrt(one.below_light)[:, None])
    uz = np.sqrt(1 / np.asarray(one.below_light) - 1 - u[:, 0] ** 2)
    rows = np.column_stack([one.time, one.position, u, uz])
    np.savetxt(folder / "way.csv", rows, "%.17g", ",", header="t,x,y,z,ux,uy,uz", comments="")
    (folder / "all.yaml").write_text(SMALL + more, encoding="utf-8")
    study = read_study(folder / "all.yaml")
    heard = []
    results = run_study(study, folder / "out", progress=lambda *said: heard.append(said))
    return folder, study, results, heard


def test_everything_is_written(magnet):
    folder, _, results, heard = magnet
    assert sorted(p.name for p in folder.iterdir()) == ["all.yaml", "out", "way.csv"]
    pictures = {path.stem for path in (folder / "out" / "figures").glob("*.svg")}
    assert pictures == {"spectrum_first", "map_around", "tuning_tuned", "deviations"}
    assert [j.verdict for j in results.judgements] == ["agrees"]
    phases = [said[0] for said in heard]
    assert phases.index("case real") < phases.index("maps around") < phases.index("drawing")


def test_an_undulator_against_its_anchors(magnet):
    """Photons/s/mrad^2/0.1 %BW of a trajectory integrated elsewhere; here energies are exact."""
    found = {name: q.value for name, q in magnet[2].outcome.quantities.items()}
    for n, density in ((1, 5.7780317e17), (3, 2.8132821e17), (5, 8.632097e16)):
        assert found[f"filament.harmonic_{n}_energy"] == pytest.approx(n * 2848.9023, rel=1e-7)
        assert found[f"filament.harmonic_{n}_density"] == pytest.approx(density, rel=1e-6)
    k = 93.36 * 0.02 * found["filament.peak_field"]  # K = 93.36 B l in SI
    assert k == pytest.approx(1.0, rel=1e-3)
    # P = 633 W (E/GeV)^2 (B/T)^2 L/m I/A
    power = 633.0 * 9 * found["filament.peak_field"] ** 2 * 2 * 0.1
    assert found["filament.power"] == pytest.approx(power, rel=2e-3)
    assert found["left"] == pytest.approx(0.719, abs=1e-3)
    # one charge, times charges per second
    flux = found["filament.on_axis"] * 0.1 / 1.602176634e-19 * 1e-9
    assert flux == pytest.approx(found["filament.harmonic_1_density"], rel=1e-9)
    assert found["first.peak"] == pytest.approx(5.778e17, rel=1e-3)
    assert found["first.relative_width"] == pytest.approx(0.886 / 100, rel=0.01)  # of sinc^2
    assert found["around.peak"] == pytest.approx(found["filament.on_axis"], rel=1e-9)
    assert found["bend.critical_energy"] == pytest.approx(665.0 * 1.9**2 * 1.27, rel=1e-3)
    flux = found["tuned.harmonic_1_largest_flux"]
    assert flux > found["real.harmonic_1_flux"]


def test_a_way_from_a_file_gives_the_same_light(magnet):
    found = {name: q.value for name, q in magnet[2].outcome.quantities.items()}
    other = light.undulator_photons(light.PlanarUndulator(0.02, 1.0, 100), 5870.853542730, 2848.9)
    assert found["way.on_axis"] == pytest.approx(float(other), rel=1e-6)
    assert found["way.gamma"] == pytest.approx(5870.853542730, rel=1e-9)


def test_the_dataset(magnet):
    folder, _, results, _ = magnet
    with xarray.open_dataset(folder / "out" / "results.nc", engine="h5netcdf") as data:
        data = data.load()
    for name, variable in data.variables.items():
        assert variable.attrs["long_name"], name
        assert variable.attrs["units"], name
    assert data.light_first.shape == (101,)
    assert data.light_around.shape == (31, 31)
    assert data.brilliance_tuned_3.shape == (20,)
    for name, quantity in results.outcome.quantities.items():
        assert float(data[name]) == quantity.value


def test_tables_are_fit_to_print(magnet):
    tables = {table.title: table for table in magnet[2].outcome.tables}
    assert [row[0] for row in tables["Harmonics"].rows] == [
        "a beam of no size: harmonic 1", "a beam of no size: harmonic 3",
        "a beam of no size: harmonic 5", "a real beam: harmonic 1",
    ]  # fmt: skip
    for table in tables.values():
        for column in zip(*table.rows, strict=True):
            assert set(column) != {"–"}, table.title


@pytest.fixture(scope="module")
def crystal(tmp_path_factory):
    """A crystal with all that needs no simulation."""
    more = """
leaving: dechanneling
limits: {allowed: {points: 21}}
measurements:
  ratio: {case: plain, modulated: 26000, unmodulated: 10000}
  known: {case: plain, modulated: 26000, bunches: 1000, efficiency: 0.5, efficiency_error: 0.01}
cases:
  plain: {leaving: none}
  tables: {medium: {material: diamond}, photon_energy: 0.15 nm,
           bunch: {particles: 1.56e9, size: [10 um, 10 um, 9 um]}}
figures:
  limits: {caption: Limits., show: limits}
  coherent: {caption: In step., show: coherent, cases: [plain, tables]}
  potential: {caption: Potential., show: potential, cases: [plain]}
""".replace("{points: 21}", "{case: plain, points: 21}")
    folder = tmp_path_factory.mktemp("crystal")
    (folder / "all.yaml").write_text(CRYSTAL + more, encoding="utf-8")
    return run_study(read_study(folder / "all.yaml"), folder / "out")


def test_a_crystal_against_formulas(crystal):
    found = {name: q.value for name, q in crystal.outcome.quantities.items()}
    # in a harmonic channel: C, swing, held
    gamma = 13.6e9 / 510998.95069
    pv = 13.6e9 * (1 - 1 / gamma**2)
    k, K = 2 * math.pi / 14e-6, math.sqrt(8 * 24.9 / (0.126e-9**2 * pv))
    C = pv * 0.127e-9 * k**2 * 0.126e-9 / (4 * 24.9)
    swing = 1 / (1 - k**2 / K**2)
    q = gamma * 0.127e-9 * k
    assert found["plain.bending_parameter"] == pytest.approx(C, rel=1e-9)
    assert found["plain.held"] == pytest.approx(1 - C * swing, rel=1e-9)
    assert found["plain.K"] == pytest.approx(q * swing, rel=1e-9)  # the charges' own
    assert found["plain.planes_K"] == pytest.approx(q, rel=1e-8)
    assert found["plain.threshold"] == pytest.approx(
        math.sqrt(1 + (q * swing) ** 2 / 2) * 38 / (1.23984198e-6 / 14e-6), rel=1e-5
    )
    # (22) to (24), of the planes' q
    wave = 1.23984198e-6 / found["plain.photon_energy"]
    coherent = (
        math.sqrt(math.pi) / 137.036 / (2 * 9e-6 * wave) * (q * 1.4e-3 * 1.56e9 / 4 / gamma) ** 2
    )
    assert found["plain.formula_coherent"] == pytest.approx(coherent, rel=1e-6)
    assert found["plain.formula_ratio"] == pytest.approx(math.sqrt(math.pi) / 8 * 1.56e9)
    assert found["plain.equal_depth"] == pytest.approx(found["plain.formula_depth"], rel=1e-6)
    assert found["plain.kept"] == 1
    assert found["plain.coherent_held"] == pytest.approx(
        found["plain.coherent"] * found["plain.held"] ** 2
    )
    # both losses along the crystal: f(z) = exp(-z / L_D - mu (L - z) / 2), on the axis squared
    z = (np.arange(20000) + 0.5) / 20000 * 1.4e-3
    lost, leave = found["tables.attenuation_length"], found["tables.dechanneling_length"]
    kept = np.mean(np.exp(-z / leave - (1.4e-3 - z) / (2 * lost))) ** 2
    assert found["tables.kept"] == pytest.approx(kept, rel=1e-3)
    amplitude = found["allowed.bending_amplitude"]
    assert found["plain.bending_parameter"] * amplitude / 0.127e-9 == pytest.approx(0.3)


def test_the_modulation_depth_of_counts(crystal):
    found = {name: q.value for name, q in crystal.outcome.quantities.items()}
    gain = found["plain.coherent"] / found["plain.incoherent"]
    assert found["ratio.gain"] == pytest.approx(gain)
    assert found["ratio.depth"] == pytest.approx(math.sqrt(1.6 / gain), rel=1e-3)
    expected = 0.5 * 1000 * found["plain.incoherent"]
    assert found["known.depth"] == pytest.approx(math.sqrt((26000 / expected - 1) / gain))


def test_figures_of_crystals_are_drawn(crystal):
    for drawing in crystal.outcome.drawings:
        figure = drawing.draw()
        assert figure.axes[0].get_xlabel(), drawing.name
    (ax,) = crystal.outcome.drawings[1].draw().axes
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert {"in step, plain", "in step, tables"} <= set(names)


def test_a_period_that_fits_the_photon_energy(write):
    text = CRYSTAL.replace("period: 14 um,", "follow: planes,") + "photon_energy: 0.15 nm\n"
    study = read_study(write(text=text + "find: [lines]\n"))
    found = compute_study(study).outcome.quantities
    assert found["period"].value == pytest.approx(14.192e-6, rel=1e-4)
    assert found["low"].value == pytest.approx(8265.613229, rel=1e-6)
    assert found["line_offset"].value == pytest.approx(0.0, abs=1e-3)


class Stop(Exception):
    """What stands for a kill."""


def test_a_stopped_run_goes_on_and_computes_nothing_twice(write, tmp_path, monkeypatch):
    """With ways that are made up: pieces are what is looked at."""

    class Way:
        position = np.zeros((5, 100, 3))

    class Found:
        trajectory = Way
        depth = np.linspace(0.0, 1e-3, 5)
        across = np.zeros((5, 100))
        energy_error = 0.0

        def __init__(self, channeled):
            self.channeled = channeled

    calls = []

    def channel(beam, planes, *, save):
        calls.append(save)
        return Found(np.asarray(beam.position)[None, :, 0] + np.zeros((5, 1)) > 0.127e-9)

    monkeypatch.setattr(light, "channel", channel)
    more = "find: [channeling]\nchannels: {c: {charges: 250, save: 4}}\n"
    study = read_study(write(text=CRYSTAL + more))

    def stop(phase, fraction=None):
        if phase == "channels c" and fraction and fraction > 0.6:
            raise Stop

    with pytest.raises(Stop):
        run_study(study, tmp_path / "parts", progress=stop)
    assert len(list(partial_folder(tmp_path / "parts").glob("*.npz"))) == 2
    calls.clear()
    parts = run_study(study, tmp_path / "parts")
    assert len(calls) == 1  # the third batch alone
    assert not partial_folder(tmp_path / "parts").exists()
    whole = run_study(study, tmp_path / "whole")
    assert parts.record == whole.record
    assert 0.3 < parts.outcome.quantities["c.left"].value < 0.7


@pytest.mark.slow
def test_charges_in_a_straight_and_a_bent_crystal(write):
    text = """\
kind: light
title: Channels
beam: {energy: 855 MeV}
cases:
  straight: {radiator: {crystal: {material: silicon, planes: "110", length: 20 um}}}
  bent: {beam: {species: e+, energy: 13.6 GeV},
         radiator: {crystal: {material: silicon, planes: "110", length: 100 um, radius: 10 cm}}}
channels:
  electrons: {case: straight, charges: 50}
  positrons: {case: bent, charges: 200}
"""
    outcome = compute_study(read_study(write(text=text))).outcome
    found = outcome.quantities
    for drawing in outcome.drawings:
        assert drawing.draw().axes[0].get_ylabel()
    assert found["electrons.left"].value > 0.95
    planes = light.channel_acceptance(*_bent())
    assert found["positrons.left"].value == pytest.approx(float(planes), abs=0.1)


def _bent():
    from fieldwright.sources import DoyleTurner

    return DoyleTurner("silicon", "110"), 13.6e9, 1 / 0.1
