"""Optics, chromaticity and radiation integrals against matrices written out here, and the paper."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fieldwright.errors import InputError, UnstableLatticeError
from fieldwright.rings import (
    Bend,
    Drift,
    Lattice,
    Marker,
    Multipole,
    Optics,
    Quadrupole,
    chromaticity,
    edwards_teng,
    equilibrium,
    optics,
    radiation_integrals,
    vepp2000,
)

S = np.kron(np.eye(2), [[0.0, 1.0], [-1.0, 0.0]])


def plane(k: float, length: float) -> np.ndarray:
    """A focusing plane of strength k [1/m^2]."""
    w = np.emath.sqrt(k)
    c = np.cos(w * length).real
    s = (np.sin(w * length) / w).real if k else length
    return np.array([[c, s], [-k * s, c]])


def body(kx: float, ky: float, length: float) -> np.ndarray:
    matrix = np.zeros((4, 4))
    matrix[:2, :2], matrix[2:, 2:] = plane(kx, length), plane(ky, length)
    return matrix


BEND = 2 * np.pi / 16


def cell(skew: float = 0.0, k1: float = 2.0, tilt: bool = False) -> Lattice:
    """A FODO cell with bends and a thin lens in a drift, whose skew and sextupole are free.

    With `tilt`, there are drifts for bends and lens, and quadrupoles may be turned.
    """
    drift = Drift(name="D", length=0.9)
    bend = Drift(name="B", length=1.0) if tilt else Bend(name="B", length=1.0, angle=BEND)
    lens = Marker(name="LENS") if tilt else Multipole(name="LENS", k1s=skew)
    elements = [
        Marker(name="START"),
        Quadrupole(name="QF", length=0.3, k1=k1),
        drift,
        lens,
        bend,
        Quadrupole(name="QD", length=0.3, k1=-1.7),
        drift,
        bend,
    ]
    found = Lattice.of(elements, energy=1e9)
    if tilt:
        return found.allow("Q*", "tilt")
    return found.allow("LENS", "k1s", "k2").allow("B", "e1", "e2")


def cell_matrices(skew: float = 0.0, k1: float = 2.0) -> list[np.ndarray]:
    """From the start to each element's entrance and the end."""
    lens = np.eye(4)
    lens[1, 2] = lens[3, 0] = skew
    bend = body(BEND**2, 0, 1.0)
    steps = [np.eye(4), body(k1, -k1, 0.3), body(0, 0, 0.9), lens, bend]
    steps += [body(-1.7, 1.7, 0.3), body(0, 0, 0.9), bend]
    found = [np.eye(4)]
    for step in steps:
        found.append(step @ found[-1])
    return found


@functools.cache
def ring(polarity: str) -> Optics:
    return optics(vepp2000(polarity))


def test_a_cell_without_coupling() -> None:
    """Courant and Snyder's functions of both planes."""
    found = optics(cell())
    matrices = cell_matrices()
    for p in (0, 1):
        turn = matrices[-1][2 * p : 2 * p + 2, 2 * p : 2 * p + 2]
        phase = np.arccos(np.trace(turn) / 2)
        assert float(found.tunes[p]) == pytest.approx(phase / (2 * np.pi), rel=1e-12)
        assert float(found.phase[-1, p]) == pytest.approx(phase, rel=1e-12)
        at = matrices[5][2 * p : 2 * p + 2, 2 * p : 2 * p + 2]
        local = at @ turn @ np.linalg.inv(at)
        beta, alpha = local[0, 1], (local[0, 0] - local[1, 1]) / 2
        assert float(found.at("QD").beta[p]) == pytest.approx(beta / np.sin(phase), rel=1e-12)
        assert float(found.at("QD").alpha[p]) == pytest.approx(alpha / np.sin(phase), rel=1e-11)
        assert float(found.at("QD").mode_beta[p, p]) == pytest.approx(beta / np.sin(phase))
        assert float(found.at("QD").mode_beta[p, 1 - p]) == pytest.approx(0, abs=1e-15)
    assert list(found.group) == [0, 1]


def test_a_thin_skew_lens() -> None:
    """Tunes, Mais-Ripken functions and phases against eigenvectors of matrices made here."""
    found = optics(cell(0.15))
    matrices = cell_matrices(0.15)
    values, vectors = np.linalg.eig(matrices[-1])
    right = [k for k in range(4) if (np.conj(vectors[:, k]) @ S @ vectors[:, k]).imag > 0]
    assert len(right) == 2
    for k in range(2):
        tune = float(found.tunes[k])
        own = min(right, key=lambda i: abs(values[i] - np.exp(2j * np.pi * tune)))
        assert values[own] == pytest.approx(np.exp(2j * np.pi * tune), abs=1e-12)
        v = vectors[:, own]
        v = v * np.sqrt(2 / (np.conj(v) @ S @ v).imag)
        for row, matrix in enumerate(matrices):
            here = matrix @ v
            beta = np.abs(here[::2]) ** 2
            alpha = -(here[::2] * np.conj(here[1::2])).real
            assert np.asarray(found.mode_beta[row, k]) == pytest.approx(beta, rel=1e-10, abs=1e-11)
            assert np.asarray(found.mode_alpha[row, k]) == pytest.approx(alpha, rel=1e-9, abs=1e-11)
            gone = np.angle(here[::2] / v[::2])
            phase = np.asarray(found.mode_phase[row, k] - found.mode_phase[0, k])
            assert np.exp(1j * phase) == pytest.approx(np.exp(1j * gone), abs=1e-9)
    assert np.asarray(found.mode_beta.sum(1)) == pytest.approx(np.asarray(found.beta), rel=1e-12)
    assert np.asarray(found.mode_share.sum(1)) == pytest.approx(1, abs=1e-12)
    areas = found.mode_beta * found.mode_gamma - found.mode_alpha**2
    shares = np.stack([found.mode_share, 1 - found.mode_share], axis=2)
    assert np.asarray(areas) == pytest.approx(shares**2, abs=1e-11)


def test_edwards_and_teng_undo_the_coupling() -> None:
    """V^-1 M V has two blocks, whose functions are those of the modes, at every place."""
    found = optics(cell(0.15))
    split = edwards_teng(found)
    matrices = cell_matrices(0.15)
    for row, matrix in enumerate(matrices):
        turn = matrix @ matrices[-1] @ np.linalg.inv(matrix)
        C, gamma = np.asarray(split.coupling[row]), float(split.gamma[row])
        form = S[:2, :2]
        V = np.block([[gamma * np.eye(2), C], [form @ C.T @ form, gamma * np.eye(2)]])
        assert np.abs(V.T @ S @ V - S).max() < 1e-12
        assert gamma**2 + np.linalg.det(C) == pytest.approx(1, abs=1e-12)
        assert gamma >= np.sqrt(0.5)
        blocks = np.linalg.inv(V) @ turn @ V
        assert blocks[:2, 2:] == pytest.approx(0, abs=1e-11)
        for p in (0, 1):
            block = blocks[2 * p : 2 * p + 2, 2 * p : 2 * p + 2]
            sine = np.sin(2 * np.pi * float(found.tunes[int(split.mode[row, p])]))
            assert block[0, 1] / sine == pytest.approx(float(split.beta[row, p]), rel=1e-10)
            alpha = (block[0, 0] - block[1, 1]) / (2 * sine)
            assert alpha == pytest.approx(float(split.alpha[row, p]), abs=1e-10)


def test_a_turned_cell_has_turned_functions() -> None:
    """All quadrupoles turned by 0.5: the straight cell's planes, seen from turned axes."""
    angle, straight = 0.5, optics(cell(tilt=True), step=0.1)
    turned = optics(cell(tilt=True).set("Q*", tilt=angle), step=0.1)
    assert np.asarray(turned.tunes) == pytest.approx(np.asarray(straight.tunes), abs=1e-12)
    own = np.asarray(straight.beta)
    rows = np.searchsorted(np.asarray(straight.s), np.asarray(turned.s) - 1e-9)
    c2, s2 = np.cos(angle) ** 2, np.sin(angle) ** 2
    assert len(turned.s) > 40
    first = np.stack([c2 * own[rows, 0], s2 * own[rows, 0]], 1)
    second = np.stack([s2 * own[rows, 1], c2 * own[rows, 1]], 1)
    assert np.asarray(turned.mode_beta[:, 0]) == pytest.approx(first, rel=1e-10)
    assert np.asarray(turned.mode_beta[:, 1]) == pytest.approx(second, rel=1e-10)


def test_vepp2000_round_beam() -> None:
    """The published optics: tunes 4.1 and 2.1, beta* 10 cm, in degenerate modes."""
    found = ring("++--")
    assert np.asarray(found.tunes) == pytest.approx([4.1, 2.1], abs=1e-9)
    for point in ("IP1", "IP2"):
        here = found.at(point)
        assert np.asarray(here.beta) == pytest.approx([0.1, 0.1], rel=1e-8)
        assert np.asarray(here.alpha) == pytest.approx([0, 0], abs=1e-9)
    assert float(found.momentum_compaction) == pytest.approx(0.035955, abs=5e-7)
    gamma2 = float(vepp2000().gamma) ** 2
    difference = float(found.momentum_compaction - found.slip_factor)
    assert difference == pytest.approx(1 / gamma2, rel=1e-9)
    assert bool(found.degenerate)
    assert np.isnan(np.asarray(found.mode_beta)).all()
    assert np.asarray(found.phase[-1]) / (2 * np.pi) == pytest.approx([4.1, 2.1], abs=1e-9)


@pytest.mark.parametrize("polarity", ["++--", "+-+-", "++++", "+++-", "+--+"])
def test_vepp2000_polarities(polarity: str) -> None:
    """Polarity leaves the equal beam, and so the sum of the tunes, as they are."""
    found, first = ring(polarity), ring("++--")
    assert float(found.tunes.sum()) == pytest.approx(6.2, abs=1e-8)
    assert np.asarray(found.beta) == pytest.approx(np.asarray(first.beta), rel=1e-7)
    assert bool(found.degenerate) == (polarity != "+++-")
    if polarity == "+++-":  # the Moebius ring: tunes apart by a half
        assert np.asarray(found.tunes) % 1 == pytest.approx([0.85, 0.35], abs=1e-8)
        assert np.asarray(found.at("IP1").mode_beta) == pytest.approx(
            np.full((2, 2), 0.05), rel=1e-7
        )


@pytest.mark.slow
def test_where_a_ring_begins_does_not_matter() -> None:
    lattice, first = cell(0.15), optics(cell(0.15))
    elements = lattice.elements
    moved = Lattice.of([*elements[5:], *elements[:5]], energy=lattice.energy)
    later = optics(moved.allow("LENS", "k2").allow("B", "e1", "e2"))
    assert np.asarray(later.tunes) == pytest.approx(np.asarray(first.tunes), abs=1e-12)
    for name in ("START", "QF", "LENS", "QD"):
        here, there = later.at(name), first.at(name)
        assert np.asarray(here.mode_beta) == pytest.approx(np.asarray(there.mode_beta), rel=1e-10)
        assert np.asarray(here.dispersion) == pytest.approx(np.asarray(there.dispersion), abs=1e-11)


def test_equal_emittances_pass_the_resonance_smoothly() -> None:
    """Through the degenerate ring, the modes' own functions leap and those of both do not."""
    lattice = vepp2000("++--")
    strength = lattice.get("QF", "k1")[0]
    scan = [optics(lattice.set("QF", k1=strength * (1 + x))) for x in (-2e-5, -1e-5, 0, 1e-5, 2e-5)]
    betas = np.stack([np.asarray(found.beta) for found in scan])
    bend = betas[0] - 4 * betas[1] + 6 * betas[2] - 4 * betas[3] + betas[4]
    assert np.abs(bend).max() < 1e-6 * np.abs(betas[4] - betas[0]).max()
    assert np.abs(betas[4] - betas[0]).max() > 1e-4


def test_covariance_of_a_beam() -> None:
    found = ring("++--")
    round_beam = found.covariance([2.197e-7, 2.197e-7], 7.066e-4)
    row = list(vepp2000().names).index("IP1")
    sizes = np.sqrt(np.diagonal(np.asarray(round_beam[row]))[::2])
    assert sizes == pytest.approx([148.2e-6, 148.2e-6], abs=5e-8)  # the anchor
    with pytest.raises(InputError, match=r"4\.1 and 2\.1 differ by a whole number"):
        found.covariance([1e-7, 0.0])
    own = ring("+++-").covariance([1e-7, 0.0])
    expected = 1e-7 * np.asarray(ring("+++-").group_covariance[:, 0])
    assert np.asarray(own) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("polarity", "emittances"), [("++--", (2.197e-7, 2.197e-7)),
                                                      ("+-+-", (4.638e-7, 0.0))])  # fmt: skip
def test_vepp2000_radiation(polarity: str, emittances: tuple[float, float]) -> None:
    """The anchors of the reconstruction, from integrals; degenerate emittances are the beam's."""
    found = radiation_integrals(vepp2000(polarity))
    assert float(found.energy_loss) == pytest.approx(63.19e3, abs=5)
    assert float(found.energy_spread) == pytest.approx(7.066e-4, abs=1e-7)
    assert np.asarray(found.decrements) == pytest.approx([3.002e-5, 3.002e-5, 6.634e-5], rel=2e-4)
    assert float(found.momentum_compaction) == pytest.approx(0.035955, abs=5e-7)
    assert np.asarray(found.emittances) == pytest.approx(emittances, rel=2e-4, abs=1e-15)
    assert float(found.damping_partition.sum()) == pytest.approx(4, abs=1e-6)
    assert float(found.I2) == pytest.approx(2 * np.pi / 1.4, rel=1e-9)  # radius 1.4 m


def test_radiation_integrals_of_a_bending_cell() -> None:
    """Against the textbook's integrands, summed over cuts through matrices made here."""
    angle, h, count = BEND, BEND, 4000
    found = radiation_integrals(cell())
    matrices = cell_matrices()
    kick = np.array([(1 - np.cos(angle)) / h, np.sin(angle)])
    steps = [m[:2, :2] for m in matrices]
    turn = steps[-1]
    drive = np.linalg.inv(steps[5]) @ kick + np.linalg.inv(steps[8]) @ kick
    eta = np.linalg.solve(np.eye(2) - turn, turn @ drive)
    sine = np.sqrt(1 - np.trace(turn) ** 2 / 4)
    J = (turn - np.linalg.inv(turn)) / (2 * sine)
    covariance = -J @ S[:2, :2]
    I1 = I4 = I5 = 0.0
    for number in (4, 7):
        at = steps[number]
        here = at @ (eta if number == 4 else eta + np.linalg.inv(steps[5]) @ kick)
        beam = at @ covariance @ at.T
        s = (np.arange(count) + 0.5) / count
        c, w = np.cos(h * s), np.sin(h * s)
        eta1 = np.stack([c * here[0] + w / h * here[1] + (1 - c) / h,
                         -h * w * here[0] + c * here[1] + w])  # fmt: skip
        along = np.array([[c, w / h], [-h * w, c]]).transpose(2, 0, 1)
        inside = along @ beam @ along.transpose(0, 2, 1)
        invariant = np.einsum("an,nab,bn->n", S[:2, :2] @ eta1, inside, S[:2, :2] @ eta1)
        I1 += h * eta1[0].mean()
        I4 += h**3 * eta1[0].mean()
        I5 += h**3 * invariant.mean()
    assert float(found.I1) == pytest.approx(I1, rel=1e-6)
    assert float(found.I2) == pytest.approx(2 * h**2, rel=1e-9)
    assert float(found.I3) == pytest.approx(2 * h**3, rel=1e-9)
    assert float(found.I4) == pytest.approx(I4, rel=1e-6)
    assert float(found.I5[0]) == pytest.approx(I5, rel=1e-6)
    assert float(found.I5[1]) == pytest.approx(0, abs=1e-20)
    partition = [1 - I4 / (2 * h**2), 1, 2 + I4 / (2 * h**2)]
    assert np.asarray(found.damping_partition) == pytest.approx(partition, rel=1e-6)


def test_pole_faces_in_the_damping() -> None:
    """Turned faces add -h^2 D tan(e) each, and the switch leaves just that out."""
    faces = [0.1, 0.17]
    lattice = cell().set("B", e1=faces[0], e2=faces[1])
    found = radiation_integrals(lattice)
    without = radiation_integrals(lattice, pole_face_damping=False)
    D = np.asarray(optics(lattice).dispersion[:, 0])
    edges = sum(np.tan(faces[0]) * D[i] + np.tan(faces[1]) * D[i + 1] for i in (4, 7))
    h = BEND
    assert float(found.I4 - without.I4) == pytest.approx(-(h**2) * edges, rel=1e-9)
    assert float(found.I5[0]) == pytest.approx(float(without.I5[0]), rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("polarity", ["++--", "+-+-", "+++-"])
def test_integrals_and_the_whole_motion_agree(polarity: str) -> None:
    few, whole = radiation_integrals(vepp2000(polarity)), equilibrium(vepp2000(polarity))
    assert float(few.energy_loss) == pytest.approx(float(whole.energy_loss), rel=1e-5)
    assert float(few.energy_spread) == pytest.approx(float(whole.energy_spread), rel=1e-4)
    own = np.sort(np.asarray(few.emittances))
    assert own == pytest.approx(np.sort(np.asarray(whole.emittances)[:2]), rel=2e-3, abs=1e-12)
    # synchrotron motion couples to the modes a little
    damping = float(whole.decrements[:2].sum())
    assert float(few.decrements[:2].sum()) == pytest.approx(damping, rel=3e-4)


@pytest.mark.parametrize("skew", [0.0, 0.15])
def test_chromaticity_is_the_slope_of_the_tunes(skew: float) -> None:
    lattice = cell(skew)
    found = chromaticity(lattice)
    step = 1e-3
    values = {n: np.asarray(optics(lattice, n * step).tunes) for n in (-2, -1, 1, 2)}
    slope = (8 * (values[1] - values[-1]) - (values[2] - values[-2])) / (12 * step)
    assert np.asarray(found.total) == pytest.approx(slope, rel=1e-8)
    assert np.asarray(found.natural) == pytest.approx(slope, rel=1e-8)


def test_sextupoles_and_natural_chromaticity() -> None:
    """A thin sextupole at dispersion D gives k2l D beta / 4 pi, with opposite signs."""
    lattice = cell()
    without, found = chromaticity(lattice), chromaticity(lattice.set("LENS", k2=0.7))
    here = optics(lattice).at("LENS")
    change = 0.7 * float(here.dispersion[0]) / (4 * np.pi) * np.asarray(here.beta) * [1, -1]
    assert np.asarray(found.total - without.total) == pytest.approx(change, rel=1e-9)
    assert np.asarray(found.natural) == pytest.approx(np.asarray(without.total), rel=1e-12)


def check_gradients(functions: Callable[..., jax.Array], at: tuple[float, ...]) -> None:
    """Forward derivatives along the mean direction against differences of fourth order."""
    step = 3e-4
    values = {n: np.asarray(functions(*(x + n * step for x in at))) for n in (-2, -1, 1, 2)}
    differences = (8 * (values[1] - values[-1]) - (values[2] - values[-2])) / (12 * step)
    _, exact = jax.jit(lambda at: jax.jvp(functions, at, (1.0,) * len(at)))(at)
    assert np.asarray(exact) == pytest.approx(differences, rel=1e-7, abs=1e-8)


def test_gradients() -> None:
    """Tunes and mode functions by strengths, with strong coupling."""
    drift, lens = Drift(name="D", length=1.9), Multipole(name="LENS", k1s=0.15)
    quadrupoles = [Quadrupole(name=name, length=0.3, k1=k) for name, k in (("QF", 2), ("QD", -1.7))]
    line = Lattice.of([quadrupoles[0], drift, lens, quadrupoles[1], drift], energy=1e9)

    def functions(k1: Any, k1s: Any) -> jax.Array:
        found = optics(line.set("QF", k1=k1).set("LENS", k1s=k1s))
        here = found.at("QD")
        return jnp.concatenate([found.tunes, here.mode_beta.ravel(), here.beta])

    check_gradients(functions, (2.0, 0.15))


@pytest.mark.slow
def test_gradients_with_dispersion() -> None:
    def functions(k1: Any) -> jax.Array:
        found = optics(cell(0.15).set("QF", k1=k1))
        here = found.at("QD")
        return jnp.concatenate([found.tunes, here.dispersion, found.momentum_compaction[None]])

    check_gradients(functions, (2.0,))


@pytest.mark.slow
def test_a_batch_of_machines() -> None:
    lattice = cell(0.15)
    tables = np.stack([cell(0.15, k1=k1).table for k1 in (1.9, 2.0, 2.1)])
    tunes = jax.vmap(lambda table: optics(lattice.with_table(table)).tunes)(tables)
    for row, k1 in enumerate((1.9, 2.0, 2.1)):
        own = np.asarray(optics(cell(0.15, k1=k1)).tunes)
        assert np.asarray(tunes[row]) == pytest.approx(own, abs=1e-13)


def test_an_unstable_ring_is_named() -> None:
    with pytest.raises(
        UnstableLatticeError, match=r"the ring is unstable: .* of x, .* largest at"
    ) as no:
        optics(cell(k1=5.0))
    turn = cell_matrices(k1=5.0)[-1]
    assert no.value.numbers["trace_x"] == pytest.approx(np.trace(turn[:2, :2]), rel=1e-9)
    assert no.value.numbers["growth"] == pytest.approx(np.abs(np.linalg.eigvals(turn)).max())
    with pytest.raises(UnstableLatticeError, match="unstable"):
        chromaticity(cell(k1=5.0))


def test_rows_and_tables() -> None:
    found = optics(cell())
    assert found.place_names == ["START", "QF", "D", "LENS", "B", "QD", "D", "B", "end"]
    assert found.rows("D").s.shape == (2,)
    assert float(found.at("QD").s) == pytest.approx(2.2)
    with pytest.raises(InputError, match=r"did you mean 'Q[DF]'"):
        found.at("QX")
    with pytest.raises(InputError, match="has no element 'Z"):
        found.rows("Z*")
    data = found.to_xarray()
    assert data.beta.attrs["units"] == "m"
    assert list(data.name.values) == found.place_names
    assert data.mode_beta.sizes["place"] == 9
    lines = found.table().splitlines()
    assert lines[0].split()[:3] == ["name", "s", "beta_x"]
    assert lines[-1].split()[0] == "end"


@pytest.mark.slow
def test_derivatives_backwards() -> None:
    """By `jax.grad`, as the documentation has it, against differences."""

    def values(k1: Any) -> Any:
        ring = Lattice.of(
            [
                Quadrupole(name="QF", length=0.2, k1=1.2),
                Drift(name="D", length=1.8),
                Quadrupole(name="QD", length=0.2, k1=-1.2),
                Drift(name="D", length=1.8),
            ],
            energy=1e9,
        ).set("QF", k1=k1)
        return optics(ring).tunes[0] + chromaticity(ring).total[1]

    step = 1e-4
    near = [float(values(1.2 + n * step)) for n in (-2, -1, 1, 2)]
    difference = (near[0] - 8 * near[1] + 8 * near[2] - near[3]) / (12 * step)
    np.testing.assert_allclose(jax.grad(values)(1.2), difference, rtol=1e-8)
