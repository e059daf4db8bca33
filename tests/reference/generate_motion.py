"""Charges in time: motion.json and crystal.json.

In the trap, every row is made twice in long double by trajectories.py: by extrapolated midpoint
steps and by heyoka's Taylor series. Relativistic electrons: closed forms in mpmath at 40 digits,
and the same equation of motion by extrapolation in long double. SI units in the tables.

The crystal's and the electrons' starts are rounded to the table's doubles before they move. Other
inputs are decimal and exact, so that the rounding of the table's alone moves the ends of the two
ions by up to 1e-12 um.

Needs heyoka. Run time on one core: 2 minutes.

    python -m tests.reference.generate_motion
"""

from __future__ import annotations

import mpmath as mp
import numpy as np
from scipy.optimize import minimize

from .numerics import LD, PI, write
from .trajectories import Trap, extrapolate, taylor, trap_rates

C = LD(299792458)
E_CHARGE = LD("1.602176634e-19")
#: CODATA 2022.
ATOMIC_MASS, MU_0 = LD("1.66053906892e-27"), LD("1.25663706127e-6")
ELECTRON_MASS = LD("9.1093837139e-31")
BOLTZMANN = LD("1.380649e-23")
COULOMB = MU_0 * C**2 / (4 * PI)
#: The paper's constants as printed: k_e, T and V in u, um, us, e.
PRINTED = LD("1.38935333e5"), LD("9.64852558e1"), LD("9.64852558e7")
#: The same from CODATA 2022.
CODATA = (
    COULOMB * E_CHARGE**2 / ATOMIC_MASS * LD("1e6"),
    E_CHARGE / ATOMIC_MASS * LD("1e-6"),
    E_CHARGE / ATOMIC_MASS,
)
#: B [T], V [V], size [um] of the paper, and its two ions (um, um/us).
FIELD, VOLTAGE, SIZE = LD(1), LD("0.025"), LD(500)
PAIR = np.array([[20, 0, 20, 0, 25, 0], [25, 25, 0, 0, 40, 5]], LD)
#: The issue's anchor: where ion 1 ends, m = 40.078 u.
ANCHOR = np.array(["17.912902", "66.402812", "-19.720254"], LD)


def paper_trap(constants, amplitude=0, frequency=0):
    coulomb, tesla, volt = constants
    return Trap(coulomb, tesla * FIELD, volt * VOLTAGE / SIZE**2, LD(amplitude), LD(frequency))


def both(trap, mass, start, duration, steps, before=0.0):
    """The end (n, 6) by both methods, and the largest difference of places and of velocities."""
    first = extrapolate(trap_rates(trap, mass), start, duration, steps, before)
    second = taylor(trap, mass, start, duration, before)
    off = np.abs(first - second)
    return first, off[:, :3].max(), off[:, 3:].max()


def vectors(end, off_position, off_velocity):
    """Rows (n, 6) in um and um/us as entries in m and m/s."""
    position, velocity = end[:, :3] * LD("1e-6"), end[:, 3:]
    return {
        "position": _entry(position, off_position * LD("1e-6")),
        "velocity": _entry(velocity, off_velocity),
    }


def _entry(value, off):
    rounding = 2.0**-53 * float(np.abs(value).max())
    return {
        "value": np.asarray(value, float).tolist(),
        "uncertainty": float(f"{float(off) + rounding:.2e}"),
    }


def pairs():
    """The paper's two ions with the printed and CODATA's constants, with both masses."""
    rows = []
    for name, constants in (("printed", PRINTED), ("CODATA 2022", CODATA)):
        for mass in ("40.078", "40.077"):
            end = both(paper_trap(constants), LD(mass), PAIR, 50, 400)
            away = float(np.abs(end[0][0, :3] - ANCHOR).max())
            print(f"two ions, {name}, {mass} u: {end[0][0, :3]} um, from anchor {away:.1e} um",
                  f"methods apart {end[1]:.1e} um", flush=True)  # fmt: skip
            rows.append({"constants": name, "mass_u": float(mass), **_si(constants, mass),
                         "duration": 50e-6, **vectors(*end)})  # fmt: skip
    if np.abs(np.array(rows[0]["position"]["value"][0]) * 1e6 - ANCHOR.astype(float)).max() > 5e-7:
        raise SystemExit("the printed constants no longer give the anchor")
    return rows


def _si(constants, mass):
    """Mass [kg] and charge [C] that do in SI, with CODATA's k_e, what the constants do."""
    coulomb, _, volt = constants
    # k q^2 / u and q / u are given, hence q and u.
    charge = coulomb * LD("1e-6") / volt / COULOMB
    return {"mass": float(LD(mass) * charge / volt), "charge": float(charge)}


def driven():
    """Ion 1 alone, V0 (1 + f cos w t), at four times."""
    rows = []
    for amplitude, frequency in ((0.4, 1.4), (0.4, 0.69)):
        trap = paper_trap(CODATA, amplitude, frequency)
        state, off, ends = PAIR[:1], np.zeros(2, LD), []
        for k in range(4):
            state, *apart = both(trap, LD("40.078"), state, 25, 100, 25 * k)
            off = off + apart
            ends.append({"time": (k + 1) * 25e-6, **vectors(state, *off)})
        print(f"driven, w = {frequency}: {state[0, :3]} um, apart {off[0]:.1e}", flush=True)
        rows.append({"f": amplitude, "w": frequency * 1e6, **_si(CODATA, "40.078"), "ends": ends})
    return rows


def crystal(count=100, spin="0.3", seed=7):
    """A cold crystal that turns at `spin` rad/us, at 1 mK, and where it is 50 us later."""
    trap, mass, spin = paper_trap(CODATA), LD("40.078"), LD(spin)
    across = (spin * (trap.field / mass - spin) - trap.strength / mass) * mass
    places, residue = _rest(trap, across, count, seed)
    print(f"crystal: radius {np.abs(places).max(axis=0)} um, residual force {residue:.1e}")
    speed = np.sqrt(BOLTZMANN * LD("1e-3") / (mass * ATOMIC_MASS))  # m/s is um/us
    velocity = np.random.default_rng(seed).normal(size=(count, 3)) * float(speed)
    velocity -= velocity.mean(axis=0)
    velocity += float(spin) * np.stack([places[:, 1], -places[:, 0], 0 * places[:, 0]], axis=1)
    # The table's doubles are what the motion is computed from.
    start = {"position": (places * 1e-6).tolist(), "velocity": velocity.tolist()}
    state = np.concatenate(
        [np.array(start["position"], LD) * 10**6, np.array(start["velocity"], LD)], axis=1
    )
    end = both(trap, mass, state, 50, 60)
    print(f"crystal: methods apart {end[1]:.1e} um, {end[2]:.1e} um/us", flush=True)
    return {"spin": float(spin) * 1e6, "duration": 50e-6, **_si(CODATA, "40.078"),
            "start": start, **vectors(*end)}  # fmt: skip


def _rest(trap, across, count, seed):
    """Places (n, 3) [um] of least energy in the rotating frame, and the largest force left."""
    stiff = np.array([across, across, 2 * trap.strength], float)
    coulomb = float(trap.coulomb)

    def energy(flat):
        x = flat.reshape(-1, 3)
        d = x[:, None] - x[None]
        r = np.sqrt((d * d).sum(axis=2))
        np.fill_diagonal(r, np.inf)
        push = -coulomb * (d / r[:, :, None] ** 3).sum(axis=1)
        return (x * x @ stiff).sum() / 2 + coulomb / 2 * (1 / r).sum(), (x * stiff + push).ravel()

    best = min(
        (_settle(energy, np.random.default_rng(seed + k).normal(size=3 * count) * 40)
         for k in range(12)), key=lambda found: found[0],
    )  # fmt: skip
    return best[1].reshape(-1, 3), np.abs(energy(best[1])[1]).max()


def _settle(energy, x):
    options = {"maxiter": 20000, "maxfun": 40000, "ftol": 0, "gtol": 1e-9}
    found = minimize(energy, x, jac=True, method="L-BFGS-B", options=options)
    return found.fun, found.x


def electrons():
    """An electron in uniform fields and in an undulator, in the laboratory's time."""
    mp.mp.dps = 40
    rows = [uniform(*case) for case in UNIFORM]
    return [*rows, undulator()]


#: name, E [V/m], B [T], velocity / c, duration [s].
UNIFORM = [
    ("gyration", (0, 0, 0), (0, 0, 0.5), (0.99, 0, 0.1), 1e-9),
    ("drift, cB = 2 E", (0, 1e8, 0), (0, 0, 1e8 * 2 / 299792458), (0, 0, 0), 1e-9),
    ("hyperbolic motion", (0, 0, -1e8), (0, 0, 0), (0, 0, 0), 1e-9),
    ("deflection", (0, 0, -1e8), (0, 0, 0), (0.9, 0.1, -0.3), 1e-9),
    ("electric wins", (0, 2e8, 0), (0, 0, 1e8 / 299792458), (0.5, 0.2, 0.1), 3e-10),
    ("any angles", (3e7, -5e7, 2e7), (0.2, 0.1, -0.3), (0.3, -0.6, 0.5), 5e-10),
]


def uniform(name, electric, magnetic, beta, duration):
    """u' = (q/m) F u in proper time: the exponential of the field's matrix."""
    charge, mass = -float(E_CHARGE), float(ELECTRON_MASS)
    velocity = [float(b * 299792458) for b in beta]
    c, k = mp.mpf(299792458), mp.mpf(charge) / mp.mpf(mass)
    Ex, Ey, Ez = (mp.mpf(x) / c for x in electric)
    Bx, By, Bz = map(mp.mpf, magnetic)
    # The last four rows integrate (c t, x, y, z); du/dtau is in the first four.
    matrix = mp.zeros(8)
    faraday = [[0, Ex, Ey, Ez], [Ex, 0, Bz, -By], [Ey, -Bz, 0, Bx], [Ez, By, -Bx, 0]]
    for i in range(4):
        matrix[4 + i, i] = 1
        for j in range(4):
            matrix[i, j] = k * faraday[i][j]
    v = [mp.mpf(x) for x in velocity]
    gamma = 1 / mp.sqrt(1 - sum(x * x for x in v) / c**2)
    start = mp.matrix([gamma * c, *(gamma * x for x in v), 0, 0, 0, 0])
    when = mp.mpf(duration)

    def after(tau):
        return mp.expm(matrix * tau, method="pade") * start

    tau = when / gamma
    for _ in range(60):
        motion = after(tau)
        step = (when - motion[4] / c) / (motion[0] / c)
        tau += step
        if abs(step) < mp.mpf("1e-32") * when:
            break
    motion = after(tau)
    position = [motion[5 + i] for i in range(3)]
    ends = [motion[1 + i] * c / motion[0] for i in range(3)]
    fields = np.array(electric, LD), np.array(magnetic, LD)
    row = {"name": name, "electric": electric, "magnetic": magnetic}
    return _checked(row, charge, mass, [0.0] * 3, velocity, duration, position, ends,
                    lambda x: fields)  # fmt: skip


def undulator(field=0.8, period=0.02, gamma=500.0, periods=10.3):
    """In the plane y = 0 of By = B0 cosh(ky) cos(kz): z(t) is an elliptic integral's inverse.

    The canonical momentum along x is kept, so that v_x = c K sin(kz) / gamma where the electron
    enters along z at z = 0; ct = int dz / sqrt(beta^2 - (K/gamma)^2 sin^2 kz) and
    x = int (v_x / v_z) dz are then closed.
    """
    charge, mass = -float(E_CHARGE), float(ELECTRON_MASS)
    c, k = mp.mpf(299792458), 2 * mp.pi / mp.mpf(period)
    speed = float(c * mp.sqrt(1 - 1 / mp.mpf(gamma) ** 2))
    beta = mp.mpf(speed) / c
    lorentz = 1 / mp.sqrt(1 - beta**2)
    # dp_x/dt = -q v_z B_y.
    K = -mp.mpf(charge) * mp.mpf(field) / (mp.mpf(mass) * c * k)
    n = K / (lorentz * beta)
    duration = float(periods * mp.mpf(period) * (1 + K**2 / 2 / lorentz**2) / c)
    when = mp.mpf(duration)
    phase = mp.findroot(
        lambda p: mp.ellipf(p, n**2) / (c * beta * k) * mp.mpf("1e9") - when * mp.mpf("1e9"),
        c * beta * k * when, tol=mp.mpf("1e-60"),
    )  # fmt: skip
    z = phase / k
    # int n sin p / sqrt(1 - n^2 sin^2 p) dp = -asinh(n cos p / sqrt(1 - n^2)).
    root = mp.sqrt(1 - n**2)
    x = (mp.asinh(n / root) - mp.asinh(n * mp.cos(phase) / root)) / k
    ends = [c * beta * n * mp.sin(phase), mp.mpf(0),
            c * beta * mp.sqrt(1 - (n * mp.sin(phase)) ** 2)]  # fmt: skip
    wave, peak = 2 * PI / LD(period), LD(field)

    def fields(place):
        phase = wave * place[2]
        across, along = np.cosh(wave * place[1]), np.sinh(wave * place[1])
        B = [0 * phase, peak * across * np.cos(phase), -peak * along * np.sin(phase)]
        return np.zeros(3, LD), np.array(B)

    row = {"name": "undulator", "field": field, "period": period}
    return _checked(row, charge, mass, [0.0] * 3, [0.0, 0.0, speed], duration, [x, mp.mpf(0), z],
                    ends, fields)  # fmt: skip


def _checked(row, charge, mass, place, velocity, duration, position, ends, fields):
    """The row, with how far the closed form is from extrapolated steps in long double."""
    c = C

    def rates(time, state):
        E, B = fields(state[:3])
        lorentz = np.sqrt(1 + state[3:] @ state[3:])
        push = (E / c + np.cross(state[3:] / lorentz, B)) * (LD(charge) / LD(mass))
        return np.concatenate([c * state[3:] / lorentz, push])

    beta = np.array(velocity, LD) / c
    start = np.concatenate([np.array(place, LD), beta / np.sqrt(1 - beta @ beta)])
    end = extrapolate(rates, start, duration, 100)
    other = end[:3], c * end[3:] / np.sqrt(1 + end[3:] @ end[3:])
    exact = [np.array([mp.nstr(x, 25) for x in part]).astype(LD) for part in (position, ends)]
    off = [float(np.abs(a - b).max()) for a, b in zip(exact, other, strict=True)]
    print(f"electron, {row['name']}: {exact[0].astype(float)} m, apart {off[0]:.1e} m, "
          f"{off[1]:.1e} m/s", flush=True)  # fmt: skip
    return {**row, "charge": charge, "mass": mass, "start_position": place,
            "start_velocity": velocity, "duration": duration,
            "position": _entry(exact[0], off[0]), "velocity": _entry(exact[1], off[1])}  # fmt: skip


if __name__ == "__main__":
    trap = {"magnetic_field": 1.0, "voltage": 0.025, "size": 5e-4}
    start = {"position": (PAIR[:, :3] * LD("1e-6")).astype(float).tolist(),
             "velocity": PAIR[:, 3:].astype(float).tolist()}  # fmt: skip
    table = {"trap": trap, "coulomb": float(COULOMB), "start": start,
             "two_ions": pairs(), "driven": driven(), "electrons": electrons()}  # fmt: skip
    write("motion.json", table)
    write("crystal.json", {"trap": trap, "coulomb": float(COULOMB), **crystal()})
