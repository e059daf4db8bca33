"""Rings of other programs: carried over, particles go through them as there; or refused by name."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from fieldwright.errors import InputError
from fieldwright.rings import (
    Bend,
    Lattice,
    RFCavity,
    import_at,
    import_elegant,
    import_madx,
    import_xsuite,
    track,
)
from fieldwright.rings.files import _imports as imports

RANDOM = np.random.default_rng(1)
#: The reference particle, and others a millimetre, a milliradian and a per mille off.
PARTICLES = np.concatenate([np.zeros((1, 6)), RANDOM.normal(size=(7, 6)) * 1e-3])
LENGTH = 2.0
HARMONIC = 10
FREQUENCY = HARMONIC * np.sqrt(1 - 510998.95**2 * 1e-18) * 299792458 / LENGTH


def through(line: Lattice, particles: np.ndarray = PARTICLES) -> np.ndarray:
    """Particles after a line; not compiled, which for short lines takes longer than all else."""
    with jax.disable_jit():
        found = track(line, particles, 1).coordinates
    return np.asarray(found).reshape(-1, *particles.shape)[-1]


def matrix_of(line: Lattice) -> tuple[np.ndarray, np.ndarray]:
    """The orbit (6,) that begins at zero, and the matrix (6, 6) about it."""
    step = 1e-6
    around = np.concatenate([np.zeros((1, 6)), step * np.eye(6), -step * np.eye(6)])
    ends = through(line, around)
    return ends[0], (ends[1:7] - ends[7:]).T / (2 * step)


def element(lattice: Lattice, name: str) -> dict[str, Any]:
    """The numbers of an element that are not zero."""
    (found,) = (e for e in lattice.elements if e.name == name)
    return {k: v for k, v in vars(found).items() if v and not k.endswith("_limit") and k != "name"}


# -------- Xsuite

FULL = {"edge_entry_model": "full", "edge_exit_model": "full", "model": "bend-kick-bend",
        "integrator": "yoshida-4", "num_multipole_kicks": 50}  # fmt: skip
FINE = {"num_multipole_kicks": 100, "integrator": "yoshida-4"}
BENT = {"length": 1.0, "angle": 0.3, **FULL}
ERRORS = {"shift_x": 1e-3, "shift_y": -2e-3}
FACES = {"edge_entry_angle": 0.1, "edge_exit_angle": 0.15}
XSUITE: dict[str, tuple[str, dict[str, Any], float]] = {
    "quadrupole": ("Quadrupole", {"length": 0.3, "k1": 1.2, "k1s": 0.3, **FINE}, 1e-8),
    "turned": ("Quadrupole", {"length": 0.3, "k1": 1.2, "rot_s_rad": 0.1, **ERRORS, **FINE}, 1e-8),
    "multipoles": ("Quadrupole", {"length": 0.3, "k1": 1.2, "knl": [1e-3, 0, 2.0],
                                  "ksl": [1e-3, 0.1], **FINE}, 1e-7),
    "sextupole": ("Sextupole", {"length": 0.1, "k2": 30.0, "k2s": 3.0, **FINE}, 1e-9),
    "octupole": ("Octupole", {"length": 0.1, "k3": 300.0, **FINE}, 1e-9),
    "thin": ("Multipole", {"knl": [1e-3, 0.1, 2.0, 30], "ksl": [2e-3, 0.1], "rot_s_rad": 0.2},
             1e-14),
    "bend": ("Bend", {**BENT, **FACES}, 1e-12),
    "fringes": ("Bend", {**BENT, **FACES, "edge_entry_fint": 0.5, "edge_entry_hgap": 0.02,
                         "edge_exit_fint": 0.4, "edge_exit_hgap": 0.03}, 2e-8),
    "gradient": ("Bend", {**BENT, "k1": 0.4, "k2": 2.0}, 5e-8),
    "field": ("Bend", {**BENT, "k0": 0.31}, 1e-12),
    "tilted": ("Bend", {**BENT, "rot_s_rad": 0.3, "rot_s_rad_no_frame": 0.02,
                        "rot_shift_anchor": 0.5, **ERRORS}, 1e-12),
    "raised": ("Bend", {**BENT, "shift_y": 1e-3}, 1e-12),
    "rectangular": ("RBend", {"length_straight": 1.0, "angle": 0.3, "edge_entry_angle": 0.02,
                              **FULL}, 1e-12),
    "solenoid": ("UniformSolenoid", {"length": 0.4, "ks": 0.7, "rot_s_rad": 0.3, **ERRORS}, 1e-13),
    "cavity": ("Cavity", {"voltage": 1e6, "frequency": FREQUENCY, "phase": 2.9}, 1e-9),
}  # fmt: skip


def xsuite_line(items: list[Any], names: list[str]) -> Any:
    import xtrack as xt

    line = xt.Line(elements=items, element_names=names)
    line.particle_ref = xt.Particles(mass0=xt.ELECTRON_MASS_EV, q0=-1, energy0=1e9)
    return line


def test_xsuite_elements_do_what_they_do_there() -> None:
    """Each is tracked by itself, with a drift behind it, in one line of them all."""
    import xtrack as xt

    items, names = [], []
    for name, (kind, values, _) in XSUITE.items():
        magnet = getattr(xt, kind)(**values)
        rest = LENGTH - (float(magnet.length) if kind != "Multipole" else 0.0)
        items += [magnet, xt.DriftExact(length=rest)]
        names += [name, f"after_{name}"]
    line = xsuite_line(items, names)
    line.build_tracker()
    ours = import_xsuite(line)
    columns = ("x", "px", "y", "py", "zeta", "delta")
    for index, (name, (_, _, tolerance)) in enumerate(XSUITE.items()):
        first, last = 2 * index, 2 * index + 2
        beam = line.build_particles(**dict(zip(columns, PARTICLES.T, strict=True)))
        beam.at_element[:] = first
        line.track(beam, ele_start=first, ele_stop=last if last < len(names) else None)
        beam.sort()
        theirs = np.stack([getattr(beam, column) for column in columns], axis=1)
        alone = [
            replace(e, harmonic=HARMONIC) if isinstance(e, RFCavity) else e
            for e in ours.elements[first:last]
        ]
        found = through(Lattice.of(alone, ours.energy))
        assert np.abs(found - theirs).max() < tolerance, name


def test_xsuite_files(tmp_path: Path) -> None:
    import xtrack as xt

    line = xsuite_line([xt.Quadrupole(length=0.3, k1=1.2)], ["q"])
    line.to_json(tmp_path / "line.json")
    found = import_xsuite(tmp_path / "line.json")
    assert element(found, "q") == {"length": 0.3, "k1": 1.2}
    assert (found.species.name, found.energy) == ("e-", pytest.approx(1e9, rel=1e-12))
    with pytest.raises(InputError, match="there is no such file"):
        import_xsuite(tmp_path / "none.json")


XSUITE_REFUSED = [
    ("CrabCavity", {"crab_voltage": 1e3}, (), "e: a CrabCavity: it has no counterpart here"),
    ("Quadrupole", {"length": 1.0, "k1": 1.0, "knl": [0, 0, 0, 0, 9.0]}, (), "beyond the octupole"),
    ("Quadrupole", {"length": 1.0, "rot_x_rad": 0.1}, (), "misalignments other than offsets"),
    ("Quadrupole", {"length": 1.0, "k1": 1.0, "edge_entry_active": 1}, (), "hard-edge fringe"),
    ("Quadrupole", {"length": 1.0, "k1": 1.0, "delta_taper": 0.1}, (), "delta_taper"),
    ("Bend", {"length": 1.0, "angle": 0.1, "shift_x": 1e-3}, (), "misalignments"),
    ("Bend", {"length": 1.0, "angle": 0.1, "edge_entry_angle": 0.1, "edge_entry_active": 0}, (),
     "its pole face is turned, but edge_entry is switched off"),
    ("RBend", {"length_straight": 1.0, "angle": 0.1, "k1": 0.1, "rbend_model": "straight-body"}, (),
     "a straight body"),
    ("LimitEllipse", {"a": 0.1, "b": 0.2}, (), "apertures other than a rectangle"),
    ("Multipole", {"knl": [0.1], "hxl": 0.1}, (), "hxl = 0.1 is not carried"),
    ("UniformSolenoid", {"length": 1.0, "ks": 1.0, "knl": [0, 0.1]}, (), "in a solenoid"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "values", "leave", "message"), XSUITE_REFUSED)
def test_what_xsuite_has_more_is_refused(
    kind: str, values: dict[str, Any], leave: tuple[str, ...], message: str
) -> None:
    import xtrack as xt

    line = xsuite_line([getattr(xt, kind)(**values)], ["e"])
    with pytest.raises(InputError) as refused:
        import_xsuite(line, leave_out=leave)
    assert message in str(refused.value)
    assert "\n  e: " in str(refused.value)


def test_a_sliced_line_is_refused() -> None:
    import xtrack as xt

    line = xsuite_line([xt.Quadrupole(length=0.3, k1=1.2)], ["q"])
    line.slice_thick_elements([xt.Strategy(xt.Uniform(2, mode="thick"))], with_progress=False)
    with pytest.raises(InputError, match="import the line before it is sliced"):
        import_xsuite(line)


# -------- pyAT


def at_ring(item: Any) -> Any:
    import at

    rest = at.Drift("rest", LENGTH - item.Length, PassMethod="ExactDriftPass")
    return at.Lattice([item, rest], energy=1e9)


def at_elements() -> dict[str, tuple[Any, float]]:
    """Elements of pyAT, and how well its models agree with exact ones (it takes beta for 1)."""
    import at

    exact = {"PassMethod": "ExactMultipolePass", "NumIntSteps": 100}
    bent = {"PassMethod": "ExactSectorBendPass", "NumIntSteps": 100}
    found: dict[str, tuple[Any, float]] = {
        "quadrupole": (at.Quadrupole("e", 0.3, 1.2, **exact), 1e-9),
        "turned": (at.Quadrupole("e", 0.3, 1.2, **exact), 1e-9),
        "polynomials": (at.Quadrupole("e", 0.3, 1.2, PolynomA=[1e-3, 0.1, 2, 3],
                                      PolynomB=[2e-3, 1.2, 5.0, 9.0], **exact), 2e-7),
        "sextupole": (at.Sextupole("e", 0.3, 12.0, KickAngle=[1e-3, 2e-3], **exact), 1e-6),
        "thin": (at.ThinMultipole("e", [1e-3, 0.1, 2], [1e-3, 0.2, 3.0]), 1e-9),
        "bend": (at.Dipole("e", 1.0, 0.3, EntranceAngle=0.1, ExitAngle=0.12, FullGap=0.04,
                           FringeInt1=0.5, FringeInt2=0.4, **bent), 5e-6),
        "moved bend": (at.Dipole("e", 1.0, 0.3, **bent), 1e-7),
        "tilted bend": (at.Dipole("e", 1.0, 0.3, **bent), 1e-9),
        "cavity": (at.RFCavity("e", 0, 1e6, HARMONIC * 299792458 / LENGTH, HARMONIC, 1e9,
                               TimeLag=0.02, PhaseLag=0.1), 1e-6),
        "corrector": (at.Corrector("e", 0.1, [1e-3, 2e-3]), 1e-8),
        "solenoid": (at.Element("e", Length=0.4, K=0.7, PassMethod="SolenoidLinearPass"), 1e-8),
        "monitor": (at.Monitor("e"), 1e-9),
    }  # fmt: skip
    at.transform_elem(found["turned"][0], dx=1e-3, dy=-2e-3, tilt=0.1)
    at.transform_elem(found["moved bend"][0], dx=1e-3, dy=2e-3, tilt=0.02)
    at.transform_elem(found["tilted bend"][0], tilt_frame=0.3)
    return found


ORDER = [0, 1, 2, 3, 5, 4]  # pyAT has delta before ct, and ct is positive for late particles


def test_pyat_elements_do_what_they_do_there() -> None:
    for name, (item, tolerance) in at_elements().items():
        ring = at_ring(item)
        start = np.asfortranarray(PARTICLES[:, ORDER].T)
        start[5] *= -1
        theirs = ring.track(start, 1)[0][:, :, 0, 0].T[:, ORDER]
        theirs[:, 4] *= -1
        found = through(import_at(ring))
        assert np.abs(found - theirs).max() < tolerance, name


def shipped(name: str) -> Path:
    (folder,) = importlib.util.find_spec("machine_data").submodule_search_locations
    return Path(folder) / name


def test_a_cell_of_pyat_s_own() -> None:
    """The matrix of a cell, to what pyAT's expanded bends differ from exact ones."""
    import at

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = at.load_lattice(str(shipped("dba.mat")))[:36]
    matrix, _ = theirs.disable_6d(copy=True).find_m44(dp=0.0, XYStep=1e-6)
    _, ours = matrix_of(import_at(theirs))
    np.testing.assert_allclose(ours[:4, :4], matrix, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("name", "elements"), [("esrf.m", 1636), ("hmba.mat", 32 * 121)])
def test_rings_that_come_with_pyat(name: str, elements: int) -> None:
    """All numbers are there; periods are written out."""
    with pytest.raises(InputError, match=r"QF.*: hard-edge fringe fields"):
        import_at(shipped(name))
    ring = import_at(shipped(name), leave_out=["quadrupole_fringes"])
    assert len(ring) == elements
    assert sum(ring.get("Bend:*", "angle")) == pytest.approx(2 * np.pi, rel=1e-5)
    assert ring.circumference == pytest.approx(844, abs=0.5)
    assert set(ring.harmonics) == {0, 992}


@pytest.mark.slow
def test_a_ring_of_pyat_with_errors() -> None:
    """err.mat has all that is not carried; the message says what to write to do without it."""
    import at

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = at.load_lattice(str(shipped("err.mat")))
    with pytest.raises(InputError) as refused:
        import_at(theirs)
    everything = str(refused.value).partition("leave_out=")[2]
    assert everything == (
        "['apertures', 'high_multipoles', 'misalignments', 'quadrupole_fringes']."
    )
    ring = import_at(theirs, leave_out=list(imports.LEAVE_OUT))
    assert len(ring) == 4175
    assert ring.get("Quadrupole:*", "dx").any()
    assert ring.get("Quadrupole:*", "roll").any()
    assert set(ring.harmonics) == {0, 992}


def test_what_pyat_has_more_is_refused() -> None:
    import at

    wiggler = at.Element("W", Length=1.0, PassMethod="GWigSymplecticPass")
    refused = {
        "a M66 has no counterpart": at.M66("M"),
        "a Element has no counterpart": wiggler,
        "a SimpleQuantDiff has no counterpart": at.SimpleQuantDiff("D"),
        "pass method DriftPass has no counterpart": at.Quadrupole(
            "Q", 0.1, 1.0, PassMethod="DriftPass"
        ),
        "misalignments": at_elements()["quadrupole"][0],
        "beyond the octupole": at.Multipole("O", 0.1, [0] * 6, [0, 0, 0, 0, 0, 1.0]),
        "apertures other than": at.Aperture("A", [-0.01, 0.02, -0.01, 0.01]),
        "H1 = 0.1 is not carried": at.Dipole("B", 1.0, 0.1, H1=0.1),
    }
    at.transform_elem(refused["misalignments"], yaw=1e-3)
    for message, item in refused.items():
        with pytest.raises(InputError, match=message):
            import_at(at_ring(item))
    with pytest.raises(InputError, match="leave_out has names from"):
        import_at(at_ring(at.Marker("M")), leave_out=["fringes"])


# -------- MAD-X

BEAM = "beam, particle=electron, energy=1;"
MADX = {
    "quadrupole": "quadrupole, l=0.3, k1=1.2, k1s=0.1, tilt=0.05",
    "sextupole": "sextupole, l=0.2, k2=3, k2s=1, tilt=0.3",
    "sbend": "sbend, l=1, angle=0.3, e1=0.1, e2=0.12, fint=0.5, fintx=0.3, hgap=0.02, k1=0.2",
    "tilted": "sbend, l=1, angle=0.3, tilt=0.4",
    "rbend": "rbend, l=1, angle=-0.3, e1=0.02",
    "solenoid": "solenoid, l=0.4, ks=0.7",
    "multipole": "multipole, knl={0, 0.1, 2}, ksl={0, 0.2}, tilt=0.2",
    "hkicker": "hkicker, l=0.1, kick=1e-5, tilt=0.2",
    "kicker": "kicker, hkick=1e-5, vkick=2e-5",
    "cavity": f"rfcavity, volt=0.1, harmon={HARMONIC}, lag=0.45",
}


@pytest.fixture(scope="module")
def mad() -> Iterator[Any]:
    from cpymad.madx import Madx

    with Madx(stdout=False) as mad:
        yield mad


def sequence(mad: Any, definition: str, options: str = "") -> None:
    mad.input(f"{BEAM}{options} e: {definition};")
    mad.input(f"ring: sequence, l={LENGTH}, refer=entry; e, at=0.2; endsequence;")


@pytest.mark.parametrize("name", [*MADX, "arc"])
def test_madx_elements_do_what_they_do_there(mad: Any, name: str) -> None:
    """The matrix and the orbit of `twiss` through a line, whose electrons move at beta = 1 - 1e-7.

    Its maps about an orbit that is kicked are expanded, so kicks are small.
    """
    arc = name == "arc"
    definition = MADX["rbend"] if arc else MADX[name]
    sequence(mad, definition, f"option, rbarc={'false' if arc else 'true'};")
    line = import_madx(mad, "ring")
    twiss = mad.twiss(betx=1, bety=1, rmatrix=True)
    matrix = np.array([[twiss[f"re{i}{j}"][-1] for j in range(1, 7)] for i in range(1, 7)])
    orbit = np.array([twiss[key][-1] for key in ("x", "px", "y", "py", "t", "pt")])
    ours_orbit, ours = matrix_of(line)
    np.testing.assert_allclose(ours_orbit, orbit, atol=1e-8)
    np.testing.assert_allclose(ours, matrix, atol=2e-6)
    if name in ("sbend", "tilted", "rbend", "arc"):
        assert isinstance(line.elements[line.names.index("e")], Bend)


MADX_REFUSED = {
    "crabcavity, volt=1": "a crabcavity of MAD-X has no counterpart",
    "matrix": "a matrix of MAD-X has no counterpart",
    "sbend, l=1, angle=0.1, k0=0.11": "k0 = 0.11 differs from angle / l = 0.1",
    "sbend, l=1, angle=0.1, h1=0.1": "h1 = 0.1 is not carried",
    "sbend, l=1, angle=0.1, kill_ent_fringe=true": "kill_ent_fringe",
    "quadrupole, l=1, k1=1, knl={0,0,1}": "knl of a thick magnet",
    "multipole, knl={0.1}": "which bends MAD-X's reference orbit",
    "multipole, knl={0,0,0,0,1}": "beyond the octupole",
    "solenoid, ks=1": "a thin solenoid",
    "collimator, l=0.1, apertype=ellipse, aperture={0.1, 0.1}": "apertures other than a rectangle",
    "quadrupole, k1=1": "a magnet of no length has no strength",
}


@pytest.mark.parametrize("definition", MADX_REFUSED)
def test_what_madx_has_more_is_refused(mad: Any, definition: str) -> None:
    sequence(mad, definition)
    with pytest.raises(InputError) as refused:
        import_madx(mad, "ring")
    assert MADX_REFUSED[definition] in str(refused.value)
    assert "\n  e: " in str(refused.value)


def test_madx_files(tmp_path: Path) -> None:
    path = tmp_path / "ring.madx"
    path.write_text(
        f"{BEAM} q: quadrupole, l=0.2, k1=1; c: collimator, l=0.1, apertype=rectangle, "
        "aperture={0.01, 0.02}; r: sequence, l=1, refer=entry; q, at=0.1; c, at=0.5; endsequence;"
    )
    ring = import_madx(path, "r")
    assert (ring.get("c", "x_limit")[0], ring.get("c", "y_limit")[0]) == (0.01, 0.02)
    assert (round(ring.circumference, 12), ring.energy, ring.species.name) == (1.0, 1e9, "e-")
    with pytest.raises(InputError, match="MAD-X has no sequence 's'; it has r"):
        import_madx(path, "s")
    with pytest.raises(InputError, match="there is no such file"):
        import_madx(tmp_path / "none.madx", "r")


# -------- elegant

ELEGANT = """! every kind, and elegant's calculator
% 1.2 sto kqf
QF: KQUAD, L=0.2, K1="kqf", N_KICKS=10, TILT=0.1, DX=1e-4
"Q.D": QUAD, L=0.2, K1=-1.1
D: DRIF, L=1.0
B: CSBEND, L=1.0, ANGLE=0.2, E1=0.1, E2=0.05, HGAP=0.02, FINT=0.4, SYNCH_RAD=1
RB: RBEN, L=1.0, ANGLE=0.2
S: KSEXT, L=0.1, K2=10
M: MULT, KNL=0.3, ORDER=2
H: HKICK, L=0.1, KICK=1e-4
K: KICKER, HKICK=1e-4, VKICK=2e-4
RF: RFCA, L=0.1, VOLT=1e5, PHASE=170, FREQ=3e7
BPM: MONI
W: WATCH, FILENAME="x.w1", MODE=coord
WIG: WIGGLER, L=1
QX: KQUAD, L=0.1, K1=1, FSE=0.1
CELL: LINE=(QF,D,B,"Q.D",D,RB,S,M)
RING: LINE=(2*CELL,-CELL,H,K,RF,BPM,W)
BAD: LINE=(CELL,WIG,QX)
"""


def test_lines_of_elegant(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "ring.lte"
    path.write_text(ELEGANT)
    ring = import_elegant(path, "ring", energy=1e9)
    cell = ["QF", "D", "B", "Q.D", "D", "RB", "S", "M"]
    assert list(ring.names) == [*cell, *cell, *cell[::-1], "H", "K", "RF", "BPM", "W"]
    bend = {"length": 1.0, "angle": 0.2, "e1": 0.1, "e2": 0.05, "fint1": 0.4, "fint2": 0.4}
    first, second, backwards = (e for e in ring.elements if e.name == "B")
    assert vars(first) == vars(second)
    assert {key: getattr(first, key) for key in bend} == bend
    assert (backwards.e1, backwards.e2) == (0.05, 0.1)  # type: ignore[attr-defined]
    half = 0.1
    assert ring.get("RB", "length")[0] == pytest.approx(half / np.sin(half), rel=1e-15)
    assert ring.get("QF", "k1")[0] == 1.2
    np.testing.assert_allclose(ring.get("RF", "phase"), np.radians(10), rtol=1e-13)
    assert (ring.get("H", "hkick")[0], ring.get("K", "vkick")[0]) == (1e-4, 2e-4)
    assert ring.get("M", "k2")[0] == 0.3
    assert not capsys.readouterr().out
    with pytest.raises(InputError) as refused:
        import_elegant(path, "BAD", energy=1e9)
    assert "WIG: a WIGGLER of elegant has no counterpart here" in str(refused.value)
    assert "QX: fse = 0.1 is not carried" in str(refused.value)
    with pytest.raises(InputError, match="there is no line 'no'; it has CELL, RING, BAD"):
        import_elegant(path, "no", energy=1e9)
    path.write_text("QF: KQUAD, L=,,=\n")
    with pytest.raises(InputError, match="cannot be read"):
        import_elegant(path, "no", energy=1e9)


def test_a_missing_package_names_the_extra() -> None:
    with pytest.raises(InputError, match=r"needs the package nothing: pip install 'fieldwright\["):
        imports.package("fieldwright_nothing", "import_nothing", "nothing")
