"""Our lattices as pyAT's and xtrack's, and what these codes say of them, in our coordinates.

Both take the same models as far as they have them: exact drifts, bends with full hard-edge pole
faces, many integration steps. `steps` is how finely they integrate: steps of a magnet in pyAT,
slices of a magnet in xtrack.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.linalg import solve_discrete_lyapunov

from fieldwright.constants import SPEED_OF_LIGHT
from fieldwright.rings import Element, Lattice

__all__ = [
    "at_equilibrium",
    "at_figures",
    "at_optics",
    "radiating",
    "to_at",
    "to_xtrack",
    "xtrack_figures",
]

#: Where our (x, px, y, py, z, delta) stand in pyAT's (x, px, y, py, delta, ct), and their signs.
_ORDER = ([0, 1, 2, 3, 5, 4], np.array([1.0, 1.0, 1.0, 1.0, -1.0, 1.0]))


def _at_element(element: Element, energy: float, steps: int, exact: bool, period: float) -> Any:
    """One element as pyAT has it; `period` is of the revolution [s]."""
    import at

    kind, name, length = type(element).__name__, element.name, element.length
    if kind in ("Marker", "Monitor"):
        return at.Marker(name)
    if kind == "Drift":
        return at.Drift(name, length, **({"PassMethod": "ExactDriftPass"} if exact else {}))
    if kind == "RFCavity":
        frequency = element.frequency or element.harmonic / period
        harmonic = element.harmonic or round(frequency * period)
        return at.RFCavity(name, length, element.voltage, frequency, harmonic, energy)
    if kind == "Solenoid":
        return at.Element(name, Length=length, K=element.ks, PassMethod="SolenoidLinearPass")
    if kind == "Kicker":
        return at.Corrector(name, length, [element.hkick, element.vkick])
    normal = [getattr(element, f"k{n}") / math.factorial(n) for n in range(4)]
    skew = [getattr(element, f"k{n}s") / math.factorial(n) for n in range(4)]
    more: dict[str, Any] = {"PolynomB": normal, "PolynomA": skew, "MaxOrder": 3}
    if kind == "Multipole":
        found = at.ThinMultipole(name, skew, normal)
    elif kind == "Bend":
        found = at.Dipole(
            name, length, element.angle, EntranceAngle=element.e1, ExitAngle=element.e2,
            FringeInt1=element.fint1, FringeInt2=element.fint2, FullGap=element.gap,
            NumIntSteps=steps, PassMethod=_bend_pass(exact), **more,
        )  # fmt: skip
    else:
        method = "ExactMultipolePass" if exact else "StrMPoleSymplectic4Pass"
        found = at.Multipole(
            name, length, skew, normal, NumIntSteps=steps, PassMethod=method, MaxOrder=3
        )
    if element.tilt or element.roll or element.dx or element.dy:
        # a design's tilt turns a bend's orbit with it: pyAT's `tilt_frame`, not its `tilt`
        at.transform_elem(found, element.dx, element.dy, tilt=element.roll, tilt_frame=element.tilt)
    return found


def _bend_pass(exact: bool) -> str:
    return "ExactSectorBendPass" if exact else "BndMPoleSymplectic4Pass"


def to_at(lattice: Lattice, steps: int = 40, exact: bool = True, straight: bool = False) -> Any:
    """The lattice in pyAT; its usual expanded maps where not `exact`.

    `straight` integrates rectangular bends along straight axes between their pole faces, so that
    the path in the field, and with it the damping, are right there.
    """
    import at

    period = float(lattice.circumference) / SPEED_OF_LIGHT  # pyAT's particles move at c
    energy = float(lattice.energy)
    elements = [_at_element(e, energy, steps, exact, period) for e in lattice.elements]
    if straight:
        for bend in (element for element in elements if isinstance(element, at.Dipole)):
            bend.PassMethod = "ExactRectBendPass"
            bend.rbendtune()
    ring = at.Lattice(elements, energy=energy, periodicity=1, name=lattice.name or "ring")
    return ring.disable_6d(copy=True)


def at_figures(
    lattice: Lattice, steps: int = 40, exact: bool = True, straight: bool = False
) -> dict[str, Any]:
    """Equilibrium and optics by pyAT at the start of the ring."""
    ring = to_at(lattice, steps, exact, straight)
    return at_equilibrium(radiating(ring)) | at_optics(ring)


def radiating(ring: Any) -> Any:
    """A ring of pyAT with cavities on and radiation in every magnet; by default not in all."""
    every = dict.fromkeys(("multipole_pass", "sextupole_pass", "octupole_pass"), "auto")
    return ring.enable_6d(copy=True, **every)


def at_equilibrium(ring: Any) -> dict[str, Any]:
    """`ohmi_envelope` of a ring in pyAT with radiation on.

    Its `mode_emittances` are off by about ten times the loss over the energy, the covariance is
    not: emittances are taken from that. Its matrices are differences, which must be wide for its
    exact maps, whose rounding is large, and not for strong sextupoles.
    """
    import at

    steps = at.DConstant.XYStep, at.DConstant.DPStep
    rough = any("Exact" in element.PassMethod for element in ring)
    at.DConstant.XYStep, at.DConstant.DPStep = 1e-5 if rough else 3e-7, 1e-5
    try:
        start, modes, _ = ring.ohmi_envelope()
    finally:
        at.DConstant.XYStep, at.DConstant.DPStep = steps
    order, sign = _ORDER
    covariance = np.asarray(start.r66)[np.ix_(order, order)] * np.outer(sign, sign)
    _, orbits = at.find_orbit6(ring, refpts=range(len(ring) + 1))
    gains = np.diff(orbits[:, 4])[ring.get_bool_index(at.RFCavity)[:-1]]
    return _beam(covariance) | {
        "energy_loss": float(ring.energy * gains.sum()),
        "orbit": (np.asarray(start.orbit6)[order] * sign).tolist(),
        "tunes": np.asarray(modes.tunes).tolist(),
        "decrements": np.asarray(modes.damping_rates).tolist(),
        "reported_emittances": np.abs(np.asarray(modes.mode_emittances)).tolist(),
    }


def _beam(covariance: np.ndarray) -> dict[str, Any]:
    """What follows from the covariance (6, 6) alone."""
    values = np.linalg.eigvals(covariance @ np.kron(np.eye(3), [[0.0, 1.0], [-1.0, 0.0]]))
    return {
        "covariance": covariance.tolist(),
        "emittances": np.sort(np.abs(values.imag))[::2].tolist(),
        "energy_spread": float(np.sqrt(covariance[5, 5])),
        "bunch_length": float(np.sqrt(covariance[4, 4])),
    }


def at_optics(ring: Any) -> dict[str, Any]:
    """Without radiation and cavities: `linopt6` and the momentum compaction."""
    import at

    start, whole, _ = at.linopt6(ring, dp=0.0, get_chrom=True, DPStep=1e-4)
    return {
        "fractional_tunes": np.asarray(whole.tune[:2]).tolist(),
        "chromaticity": np.asarray(whole.chromaticity[:2]).tolist(),
        "dispersion": np.asarray(start.dispersion).tolist(),
        "momentum_compaction": float(at.get_mcf(ring, dp=0.0)),
    }


def to_xtrack(lattice: Lattice, slices: int = 1, **options: Any) -> Any:
    """The lattice in xtrack, its magnets sliced; `options` go to each bend."""
    import xtrack as xt

    names, elements = [], {}
    for index, element in enumerate(lattice.elements):
        name = f"{element.name}_{index}"
        names.append(name)
        elements[name] = _xtrack_element(element, lattice, options)
    line = xt.Line(elements=elements, element_names=names)
    line.particle_ref = xt.Particles(
        mass0=xt.ELECTRON_MASS_EV, q0=1, p0c=float(lattice.momentum), x=0
    )
    if slices > 1:
        thick = xt.Uniform(slices, mode="thick")
        kinds = (xt.Bend, xt.Quadrupole, xt.Sextupole, xt.Octupole, xt.UniformSolenoid)
        keep = xt.Strategy(slicing=None)
        line.slice_thick_elements(
            [keep, *(xt.Strategy(slicing=thick, element_type=kind) for kind in kinds)],
            with_progress=False,
        )
    return line


def _xtrack_element(element: Element, lattice: Lattice, options: dict[str, Any]) -> Any:
    import xtrack as xt

    kind, length = type(element).__name__, element.length
    if kind in ("Marker", "Monitor"):
        return xt.Marker()
    if kind == "Drift":
        return xt.DriftExact(length=length) if not options else xt.Drift(length=length)
    if kind == "RFCavity":
        frequency = element.frequency or element.harmonic * float(lattice.revolution_frequency)
        phase = math.pi - element.phase
        return xt.Cavity(length=length, voltage=element.voltage, frequency=frequency, phase=phase)
    turned = {"rot_s_rad": element.tilt + element.roll}
    turned |= {"shift_x": element.dx, "shift_y": element.dy}
    if kind == "Solenoid":
        return xt.UniformSolenoid(length=length, ks=element.ks, **turned)
    if kind == "Kicker":
        return xt.Multipole(knl=[-element.hkick], ksl=[element.vkick], length=length)
    strengths = [
        [getattr(element, f"k{n}{s}") * (length or 1.0) for n in range(4)] for s in ("", "s")
    ]
    if kind == "Multipole":
        return xt.Multipole(knl=strengths[0], ksl=strengths[1], **turned)
    if kind == "Bend":
        full = {"model": "bend-kick-bend", "integrator": "yoshida-4", "num_multipole_kicks": 3,
                "edge_entry_model": "full", "edge_exit_model": "full"}  # fmt: skip
        return xt.Bend(
            length=length, angle=element.angle, k0_from_h=True, k1=element.k1, k2=element.k2,
            edge_entry_angle=element.e1, edge_exit_angle=element.e2,
            edge_entry_fint=element.fint1, edge_exit_fint=element.fint2,
            edge_entry_hgap=element.gap / 2, edge_exit_hgap=element.gap / 2,
            **turned, **(options or full),
        )  # fmt: skip
    return {"Quadrupole": xt.Quadrupole, "Sextupole": xt.Sextupole, "Octupole": xt.Octupole}[kind](
        length=length, **_thick(kind, element), **turned
    )


def _thick(kind: str, element: Element) -> dict[str, Any]:
    order = {"Quadrupole": 1, "Sextupole": 2, "Octupole": 3}[kind]
    names = (f"k{order}", f"k{order}s")
    return {name: getattr(element, name) for name in names if getattr(element, name)}


def xtrack_figures(lattice: Lattice, slices: int = 64, **options: Any) -> dict[str, Any]:
    """Equilibrium and optics by xtrack at the start of the ring.

    The covariance is the solution of Sigma = M Sigma M^T + B for xtrack's own matrices and kicks.
    What it reports lacks one turn's damping, and the imaginary parts of products of modes, which
    matter where modes are degenerate.
    """
    line = to_xtrack(lattice, slices, **options)
    flat = line.twiss(method="4d", with_progress=False)
    line.configure_radiation(model="mean")
    full = line.twiss(
        radiation_analysis=True,
        radiation_method="full",
        compute_R_element_by_element=True,
        steps_R_matrix=_STEPS,
        with_progress=False,
    )
    orbit = [full[name][0] for name in ("x", "px", "y", "py", "zeta", "delta")]
    return _beam(_stein(full)) | {
        "energy_loss": float(full.energy_loss),
        "orbit": [float(value) for value in orbit],
        "tunes": [float(full.qx % 1), float(full.qy % 1), float(full.qs)],
        "decrements": np.asarray(full.damping_constants_turns).tolist(),
        "reported_emittances": [float(full[f"eq_gemitt_{plane}"]) for plane in ("x", "y", "zeta")],
        "reported_covariance": np.asarray(full.eq_beam_covariance_matrix.Sigma[0]).tolist(),
        "fractional_tunes": [float(flat.qx % 1), float(flat.qy % 1)],
        "chromaticity": [float(flat.dqx), float(flat.dqy)],
        "dispersion": [float(flat[f"d{name}"][0]) for name in ("x", "px", "y", "py")],
        "momentum_compaction": float(flat.momentum_compaction_factor),
    }


#: Of the differences by which xtrack makes matrices: wider than its own, which leave 1e-4 of noise
#: in the damping of rings as these.
_STEPS = {"dx": 1e-5, "dpx": 1e-6, "dy": 1e-5, "dpy": 1e-6, "dzeta": 1e-4, "ddelta": 1e-5}


def _stein(full: Any) -> np.ndarray:
    """(6, 6) the covariance that xtrack's matrices and photons settle to."""
    matrices = full.R_matrix_ebe
    spread = full.n_dot_delta_kick_sq_ave * full.dl_radiation / SPEED_OF_LIGHT
    noise = np.zeros((6, 6))
    for index in np.nonzero(spread > 0)[0]:
        kick = np.array([0.0, full.kin_px[index], 0.0, full.kin_py[index], 0.0, 1.0])
        kick = matrices[-1] @ np.linalg.solve(matrices[index], kick)
        noise += spread[index] * np.outer(kick, kick)
    return solve_discrete_lyapunov(matrices[-1], noise)
