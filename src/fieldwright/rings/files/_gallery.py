"""Rings that come with the package."""

from __future__ import annotations

from importlib.resources import as_file, files

from fieldwright.errors import InputError
from fieldwright.rings.files._pals import read_pals
from fieldwright.rings.lattice._lattice import Lattice

_SOLENOIDS = ("S1U", "S1D", "S2U", "S2D")
_POLARITIES = ("++--", "+-+-", "++++", "+++-", "+--+", "off")
# Fitted with paraxial drifts and bends, where they bring the chromaticity of ++-- to zero [1/m^3];
# with exact ones -1.33 is left in both modes.
_SEXTUPOLES = {"SF": 431.76984362309696, "SD": -437.1636785863959}


def vepp2000(polarity: str = "++--", sextupoles: bool = False) -> Lattice:
    """The VEPP-2000 collider at 1 GeV: our fit to its published parameters.

    A reconstruction, not the official element list: 24.388 m, two crossing points `IP1` and
    `IP2` with solenoids on either side, a cavity `RF`.

    Args:
        polarity: signs of the solenoids in the order S1U, S1D, S2U, S2D (upstream and downstream
            of IP1, then of IP2): "++--", "+-+-", "++++", "+++-" (Moebius) or "+--+"; or "off",
            where the solenoids have no field and the quadrupoles want another matching.
        sextupoles: whether SF and SD are on, which leaves a chromaticity of -1.33 in both modes of
            "++--" (none in codes with paraxial bends).

    Raises:
        InputError: a polarity that is none of these.

    Source: fitted to P. Yu. Shatunov, The magnet system of the VEPP-2000 storage ring with
    electron-positron colliding beams (thesis abstract, Novosibirsk, 2011), table 1.

    >>> from fieldwright.rings import vepp2000
    >>> ring = vepp2000("+-+-")
    >>> print(ring.get("Solenoid:*", "ks").round(3), f"{ring.rigidity * 3.8977576:.2f} T")
    [-3.898  3.898 -3.898  3.898] 13.00 T
    """
    if polarity not in _POLARITIES:
        raise InputError(
            f"polarity is one of {', '.join(_POLARITIES)}; got {polarity!r}", parameter="polarity"
        )
    with as_file(files("fieldwright.rings") / "gallery" / "vepp2000.pals.yaml") as path:
        ring = read_pals(path)
    strength = abs(ring.get("S1U", "ks")[0])
    signs = [0.0] * 4 if polarity == "off" else [1.0 if sign == "+" else -1.0 for sign in polarity]
    for name, sign in zip(_SOLENOIDS, signs, strict=True):
        ring = ring.set(name, ks=sign * strength)
    for name, k2 in _SEXTUPOLES.items() if sextupoles else ():
        ring = ring.set(name, k2=k2)
    return ring
