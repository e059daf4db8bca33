from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.constants
from beamphysics.writers import pmd_init

from fieldwright.constants import ATOMIC_MASS, ELEMENTARY_CHARGE, SPEED_OF_LIGHT
from fieldwright.errors import InputError
from fieldwright.motion import (
    SPECIES,
    Ions,
    normal_cloud,
    paper_cloud,
    read_openpmd,
    uniform_cloud,
    write_openpmd,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of matplotlib's about how the package makes its colours
    from beamphysics.particles import ParticleGroup


def beam(species: str = "electron", n: int = 5, **changes: object) -> ParticleGroup:
    """Particles made by openPMD-beamphysics itself."""
    random = np.random.default_rng(3)
    data = {name: random.normal(size=n) * 1e-3 for name in ("x", "y", "z")}
    data |= {name: random.normal(size=n) * 1e5 for name in ("px", "py")}
    data |= {"pz": 1e7 + random.normal(size=n) * 1e4, "t": np.full(n, 2e-9)}
    data |= {"status": np.ones(n), "weight": np.full(n, ELEMENTARY_CHARGE), "species": species}
    return ParticleGroup(data=data | changes)


def same(found: Ions, want: Ions) -> None:
    assert np.array_equal(found.mass, want.mass)
    assert np.array_equal(found.charge, want.charge)
    assert np.array_equal(found.position, want.position)
    assert np.asarray(found.velocity) == pytest.approx(np.asarray(want.velocity), rel=2e-15)


def test_a_mixture_comes_back_in_its_order(tmp_path: Path) -> None:
    mixture = (
        normal_cloud(5, "40Ca+", 1e-4, temperature=300.0)
        + paper_cloud(4)
        + uniform_cloud(3, "e-", 1e-4, velocity_spread=2e7)
        + Ions(3 * ATOMIC_MASS, -2 * ELEMENTARY_CHARGE, [[1e-6, 0, 0]], [1.0, 2.0, 3.0])
        + Ions.of("antiproton", [[0.0, 0.0, 0.0]], [0.0, 0.0, 0.99999 * SPEED_OF_LIGHT])
        + Ions(1e-20, 0.0, [[0.0, 0.0, 1.0]], [0.0, 0.0, 0.0])
    )[[7, 3, 12, 0, 1, 2, 14, 4, 13, 5, 6, 8, 9, 10, 11]]
    write_openpmd(tmp_path / "mixture.h5", mixture, time=3e-6)
    same(read_openpmd(tmp_path / "mixture.h5"), mixture)
    with h5py.File(tmp_path / "mixture.h5") as file:
        names = set(file["particles"])
    assert {"electron", "#40Ca", "anti-proton"} < names
    assert sum(name.startswith("other:") for name in names) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["mixture.h5"]


def test_every_known_species(tmp_path: Path) -> None:
    for number, name in enumerate(SPECIES):
        ion = Ions.of(name, [[1e-3, 2e-3, -3e-3]], [1.0, 2.0, 3.0])
        write_openpmd(tmp_path / f"{number}.h5", ion)
        same(read_openpmd(tmp_path / f"{number}.h5"), ion)
        with h5py.File(tmp_path / f"{number}.h5", "a") as file:  # by its name alone, too
            (group,) = file["particles"].values()
            del group["mass"], group["charge"]
        same(read_openpmd(tmp_path / f"{number}.h5"), ion)


def test_openpmd_beamphysics_reads_ours(tmp_path: Path) -> None:
    ions = Ions.of(
        "e-", [[1e-3, 2e-3, 3e-3], [0.0, 0.0, 0.0]], [[1e7, 2e7, 2.9e8], [0.0, 0.0, 1e3]]
    )
    write_openpmd(tmp_path / "electrons.h5", ions, time=4e-9)
    theirs = ParticleGroup(str(tmp_path / "electrons.h5"))
    assert theirs["species"] == "electron"
    assert theirs["x"] == pytest.approx([1e-3, 0.0], rel=1e-15)
    assert theirs["t"] == pytest.approx([4e-9, 4e-9], rel=1e-15)
    beta = np.asarray(ions.velocity) / SPEED_OF_LIGHT
    # Its electron mass is an older CODATA value: 5e-10 apart.
    assert theirs["beta_z"] == pytest.approx(beta[:, 2], rel=2e-9)
    assert theirs["charge"] == pytest.approx(2 * ELEMENTARY_CHARGE, rel=1e-12)


@pytest.mark.parametrize("species", ["electron", "positron", "proton"])
def test_we_read_theirs(tmp_path: Path, species: str) -> None:
    theirs = beam(species)
    theirs.write(str(tmp_path / "theirs.h5"))
    ions = read_openpmd(tmp_path / "theirs.h5")
    velocity = np.stack([theirs[f"beta_{axis}"] for axis in "xyz"], axis=1) * SPEED_OF_LIGHT
    assert np.asarray(ions.velocity) == pytest.approx(velocity, rel=2e-9)
    assert np.asarray(ions.position)[:, 1] == pytest.approx(theirs["y"], rel=1e-15)
    assert ions.charge[0] == {"electron": -1}.get(species, 1) * ELEMENTARY_CHARGE
    rest = {"proton": "proton"}.get(species, "electron")
    assert ions.mass[0] == pytest.approx(scipy.constants.value(f"{rest} mass"), rel=2e-9)


def test_lost_particles_are_left_out(tmp_path: Path) -> None:
    beam(status=np.array([1, 0, 1, 3, 1])).write(str(tmp_path / "theirs.h5"))
    assert len(read_openpmd(tmp_path / "theirs.h5")) == 3


def test_isotopes_by_name_and_charge_state(tmp_path: Path) -> None:
    theirs = beam("#24Mg", weight=np.full(5, 2 * ELEMENTARY_CHARGE))
    path = tmp_path / "ions.h5"
    with h5py.File(path, "w") as file:
        pmd_init(file, basePath="/", particlesPath="particles")
        theirs.write(file.create_group("particles"))
        state = file["particles/#24Mg"].create_group("chargeState")
        state.attrs["value"], state.attrs["shape"], state.attrs["unitSI"] = 2, (5,), 1.0
    ions = read_openpmd(path)
    assert ions.charge.tolist() == [2 * ELEMENTARY_CHARGE] * 5
    lost = SPECIES["24Mg+"].mass - float(ions.mass[0])
    assert lost == pytest.approx(SPECIES["e-"].mass, rel=1e-4)


def test_files_are_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "cloud.h5"
    write_openpmd(path, paper_cloud(3, seed=1))
    with pytest.raises(InputError, match="exists: give another name, or overwrite=True"):
        write_openpmd(path, paper_cloud(3, seed=2))
    same(read_openpmd(path), paper_cloud(3, seed=1))
    write_openpmd(path, paper_cloud(3, seed=2), overwrite=True)
    same(read_openpmd(path), paper_cloud(3, seed=2))


def test_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("beamphysics")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "beamphysics", None)
    with pytest.raises(InputError, match=r"pip install 'fieldwright\[particles\]'"):
        read_openpmd(tmp_path / "x.h5")


def _text(path: Path) -> None:
    path.write_text("x, y, z")


def _plain(path: Path) -> None:
    h5py.File(path, "w").close()


def _written(**changes: object) -> Callable[[Path], None]:
    return lambda path: beam(**changes).write(str(path))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "there is no file"),
        (_text, "is no HDF5 file"),
        (_plain, "is no openPMD file with particles"),
        (_written(weight=np.full(5, 1e-12)), "each particle stands for many: number 0"),
        (_written(t=np.linspace(0, 1e-9, 5)), "at different times, from 0 to 1e-09 s"),
        (_written(species="muon"), "species 'muon', charge states .* without records of mass"),
    ],
)
def test_what_cannot_be_carried_over(
    tmp_path: Path, make: Callable[[Path], None], words: str
) -> None:
    make(tmp_path / "file.h5")
    with pytest.raises(InputError, match=words):
        read_openpmd(tmp_path / "file.h5")


def test_what_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no ions to write"):
        write_openpmd(tmp_path / "x.h5", paper_cloud(3)[[]])
    with pytest.raises(InputError, match="ion 0 is not slower than light"):
        write_openpmd(tmp_path / "x.h5", Ions.of("p", [[0.0, 0.0, 0.0]], [3e8, 0.0, 0.0]))
    assert not list(tmp_path.iterdir())
