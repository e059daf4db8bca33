"""Why a driven trap loses ions: its bands of instability, each with the modes that grow."""

from __future__ import annotations

from typing import Any, NamedTuple

from fieldwright.errors import InputError
from fieldwright.motion.ions._species import Species
from fieldwright.motion.resonances._floquet import charge_to_mass
from fieldwright.motion.resonances._periodic import Drive
from fieldwright.motion.resonances._search import Look, Piece, Reason, bands_on, peaks
from fieldwright.sources import Source, parametric_drive
from fieldwright.sources._checks import as_float, require_positive

_NAMES = ("ωz", "ω+", "ω−")


class InstabilityBand(NamedTuple):
    """A range of drive frequencies in which motion grows.

    Attributes:
        low: lower edge [rad/s].
        high: upper edge [rad/s].
        label: the reason, such as "2ωz/3" or "(ω+ − ω−)/2".
        peak: where growth is fastest [rad/s].
        growth: how fast it is there [1/s].
    """

    low: float
    high: float
    label: str
    peak: float
    growth: float


def instability_bands(
    trap: Source,
    species: str | Species,
    amplitude: Any,
    frequency_range: tuple[float, float],
    *,
    drive: Drive = parametric_drive,
) -> list[InstabilityBand]:
    """The ranges of the drive's frequency in which an ion's motion grows, and why.

    Bands are found however narrow they are, down to a growth of about 1e-6 in a period.

    Args:
        trap: what holds the ion, at rest.
        species: a name of `SPECIES`, or a `Species`.
        amplitude: of the drive; f for the parametric drive.
        frequency_range: lowest and highest angular frequency [rad/s] to look at.
        drive: makes the drive: `drive(trap, amplitude, angular_frequency)` returns a source; JAX
            traces it.

    Returns:
        The bands, lowest first; bands of different modes may overlap. One that goes on beyond the
        range is cut off there.

    Raises:
        InputError: the trap at rest does not hold the ion, the drives have no common period, the
            drive is not linear about the centre, or the range is not one.

    >>> from fieldwright.motion import instability_bands
    >>> from fieldwright.sources import PenningTrap
    >>> trap = PenningTrap(magnetic_field=1.0, voltage=25e-3, size=500e-6)
    >>> for band in instability_bands(trap, "40Ca+", 0.4, (1.0e6, 2.5e6)):
    ...     print(f"{band.low / 1e6:.4f} to {band.high / 1e6:.4f} rad/us: {band.label}")
    1.1012 to 1.1030 rad/us: (ω+ − ω−)/2
    1.2480 to 1.5250 rad/us: 2ωz
    2.1614 to 2.2489 rad/us: ω+ − ω−
    """
    low, high = (float(as_float(w, "frequency_range")) for w in frequency_range)
    require_positive(frequency_range=low)
    if not high > low:
        raise InputError("frequency_range is (lowest, highest)", parameter="frequency_range")
    ratio, f = charge_to_mass(species), float(as_float(amplitude, "amplitude"))
    look = Look(trap, ratio, drive)
    return sorted(named(look, bands_on(look, f, low, high)))


def named(look: Look, pieces: list[Piece]) -> list[InstabilityBand]:
    """The bands with their reasons and their fastest growth."""
    if not pieces:
        return []
    where, rates = peaks(look, pieces)
    return [
        InstabilityBand(
            float(piece.first),
            float(piece.last),
            reason_label(piece.reason, look.modes.frequency.tolist(), look.harmonic),
            float(peak),
            float(growth),
        )
        for piece, peak, growth in zip(pieces, where, rates, strict=True)
    ]


def reason_label(reason: Reason, frequencies: list[float], harmonic: int) -> str:
    """The frequency at which a weak drive does the same, such as "2ωz/3"."""
    n = abs(reason.turns) * harmonic
    if n == 0:
        return "no mean confinement"
    one, other = reason.pair
    if one == other:
        over = n // 2 if n % 2 == 0 else n
        return ("" if n % 2 == 0 else "2") + _NAMES[one] + (f"/{over}" if over > 1 else "")
    if frequencies[other] > frequencies[one]:
        one, other = other, one
    if reason.turns < 0:
        one, other = other, one
    sign = "+" if (frequencies[one] > 0) == (frequencies[other] > 0) else "−"
    text = f"{_NAMES[one]} {sign} {_NAMES[other]}"
    return f"({text})/{n}" if n > 1 else text
