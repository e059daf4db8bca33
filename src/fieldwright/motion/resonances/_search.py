"""The search for bands of instability, in frequency and amplitude of a drive."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fieldwright.motion.resonances._periodic import Drive, DrivenTrap, PeriodicFields
from fieldwright.motion.resonances._spectrum import Spectrum, spectrum, trap_modes
from fieldwright.sources import Source

#: Frequencies looked at first, evenly in frequency and again evenly in period.
_GRID = 300
#: Parts into which an interval is divided at once, and how often: edges hold 1e-8 of the frequency
#: or better, and hidden bands are found down to 1e-6 of it.
_SECTIONS = 8
_EDGE_ROUNDS = 7
_HIDDEN_ROUNDS = 5
_PEAK_ROUNDS = 4
_PAIRS = [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)]


class Reason(NamedTuple):
    """Two modes whose turns in a period of the drive add up to a whole number."""

    pair: tuple[int, int]
    turns: int

    def grows(self, seen: Spectrum) -> np.ndarray:
        """Whether motion grows for this reason (...)."""
        return (seen.growth[..., *self.pair] > 0) & (np.rint(self.sum(seen)) == self.turns)

    def sum(self, seen: Spectrum) -> np.ndarray:
        """The turns of both modes in a period (...)."""
        return seen.turns[..., self.pair[0]] + seen.turns[..., self.pair[1]]


class Piece(NamedTuple):
    """A band [rad/s] as far as it is known: growth from `first` to `last`, none at the ends."""

    reason: Reason
    amplitude: float
    low: float
    high: float
    first: float = np.nan
    last: float = np.nan


class Look:
    """What an ion in a trap does under a kind of drive."""

    def __init__(self, trap: Source, ratio: float, drive: Drive):
        self._trap, self.ratio = DrivenTrap(trap, drive, nonlinear=True), ratio
        # Neither depends on the drive's amplitude and frequency.
        fields = self.fields(np.ones(1), np.ones(1))
        self.modes, self.harmonic = trap_modes(fields, ratio), fields.harmonic

    def __call__(self, amplitude: np.ndarray, w: np.ndarray) -> Spectrum:
        """The spectrum at frequencies (...) [rad/s] and amplitudes that broadcast against them."""
        amplitude = np.broadcast_to(amplitude, w.shape)
        seen = spectrum(self.fields(amplitude.ravel(), w.ravel()), self.ratio, self.modes)
        return Spectrum(*(part.reshape(w.shape + part.shape[1:]) for part in seen))

    def fields(self, amplitude: np.ndarray, w: np.ndarray) -> PeriodicFields:
        """The fields at pairs of amplitude (p,) and frequency (p,) [rad/s]."""
        return self._trap.fields(amplitude, w)

    def sections(self, pieces: list[Piece], ends: np.ndarray) -> tuple[np.ndarray, Spectrum]:
        """Points (pieces, ..., k) that divide `ends` (pieces, ..., 2), and what is there."""
        w = np.linspace(ends[..., 0], ends[..., 1], _SECTIONS + 1, axis=-1)
        amplitude = np.array([piece.amplitude for piece in pieces])
        return w, self(amplitude.reshape((-1,) + (1,) * (w.ndim - 1)), w)


def bands_on(look: Look, amplitude: float, low: float, high: float) -> list[Piece]:
    """All bands of one amplitude between two frequencies [rad/s]."""
    w = np.union1d(np.linspace(low, high, _GRID), 1 / np.linspace(1 / high, 1 / low, _GRID))
    seen = look(np.array(amplitude), w)
    shown = [piece for pair in _PAIRS for piece in _growing(amplitude, w, seen, pair)]
    hidden = [piece for pair in _PAIRS for piece in _crossings(amplitude, w, seen, pair)]
    return trimmed(look, shown + uncovered(look, hidden))


def tongues(look: Look, amplitudes: np.ndarray, low: float, high: float) -> list[list[Piece]]:
    """The bands between two frequencies [rad/s], each through all amplitudes (ascending, not zero).

    Bands are widest at the largest amplitude, and narrow down to where the frequencies of the trap
    at rest put them.
    """
    reasons = {}
    for piece in bands_on(look, amplitudes[-1], low, high):
        pair, turns = piece.reason
        if turns:
            weak = look.modes.frequency[list(pair)].sum() / (turns * look.harmonic)
            reach = min(piece.first, weak) * 0.98, max(piece.last, weak) * 1.02
            reasons[piece.reason] = [Piece(piece.reason, f, *reach) for f in amplitudes]
    pieces = uncovered(look, [piece for row in reasons.values() for piece in row])
    pieces = trimmed(look, pieces, rounds=3)  # 1e-3 of the band's width, for pictures
    pieces.sort(key=lambda piece: piece.amplitude)
    return [[piece for piece in pieces if piece.reason == reason] for reason in reasons]


def _growing(amplitude: float, w: np.ndarray, seen: Spectrum, pair: tuple[int, int]) -> list[Piece]:
    """The bands of two modes that show on a grid."""
    turns = np.rint(Reason(pair, 0).sum(seen))
    grows = seen.growth[:, *pair] > 0
    pieces = []
    for n in np.unique(turns[grows]):
        edges = np.flatnonzero(np.diff(np.pad(grows & (turns == n), 1).astype(int)))
        for a, b in edges.reshape(-1, 2):
            edges = w[[max(a - 1, 0), min(b, len(w) - 1), a, b - 1]]
            pieces.append(Piece(Reason(pair, int(n)), amplitude, *edges))
    return pieces


def _crossings(
    amplitude: float, w: np.ndarray, seen: Spectrum, pair: tuple[int, int]
) -> list[Piece]:
    """Where on a grid the turns of two modes pass a whole number between points without growth."""
    turns = Reason(pair, 0).sum(seen)
    grows = seen.growth[:, *pair] > 0
    lower, upper = np.minimum(turns[:-1], turns[1:]), np.maximum(turns[:-1], turns[1:])
    pieces = []
    for a in np.flatnonzero(np.floor(upper) > np.floor(lower)):
        for n in range(int(np.floor(lower[a])) + 1, int(np.floor(upper[a])) + 1):
            if not any(grows[b] and np.rint(turns[b]) == n for b in (a, a + 1)):
                pieces.append(Piece(Reason(pair, n), amplitude, w[a], w[a + 1]))
    return pieces


def uncovered(look: Look, pieces: list[Piece]) -> list[Piece]:
    """Those of the pieces in which motion does grow somewhere, found by division."""
    found: list[Piece] = []
    for _ in range(_HIDDEN_ROUNDS):
        if not pieces:
            break
        w, seen = look.sections(pieces, np.array([(piece.low, piece.high) for piece in pieces]))
        left = []
        for row, piece in enumerate(pieces):
            here = Spectrum(seen.turns[row], seen.growth[row])
            inside = np.flatnonzero(piece.reason.grows(here))
            if inside.size:
                a, b = inside[0], inside[-1]
                edges = w[row, [max(a - 1, 0), min(b + 1, _SECTIONS), a, b]]
                found.append(Piece(*piece[:2], *edges))
                continue
            above = piece.reason.sum(here) > piece.reason.turns
            change = np.flatnonzero(above[1:] != above[:-1])
            if change.size:
                a = change[0]
                left.append(piece._replace(low=w[row, a], high=w[row, a + 1]))
        pieces = left
    return found


def trimmed(look: Look, pieces: list[Piece], rounds: int = _EDGE_ROUNDS) -> list[Piece]:
    """The same bands, `low` and `high` as close to `first` and `last` as can be."""
    for _ in range(rounds if pieces else 0):
        ends = [((piece.low, piece.first), (piece.high, piece.last)) for piece in pieces]
        w, seen = look.sections(pieces, np.array(ends))
        for row, piece in enumerate(pieces):
            grows = piece.reason.grows(Spectrum(seen.turns[row], seen.growth[row]))
            grows[:, -1] = True
            first = np.argmax(grows, axis=-1)
            inner = w[row, [0, 1], first]
            outer = w[row, [0, 1], np.maximum(first - 1, 0)]
            pieces[row] = Piece(*piece[:2], *outer, *inner)
    return pieces


def peaks(look: Look, pieces: list[Piece]) -> tuple[np.ndarray, np.ndarray]:
    """Where growth is fastest in each of the pieces [rad/s], and how fast it is there [1/s]."""
    ends = np.array([(piece.first, piece.last) for piece in pieces])
    rows = np.arange(len(pieces))
    for _ in range(_PEAK_ROUNDS):
        w, seen = look.sections(pieces, ends)
        logs = np.array([seen.growth[row][:, *p.reason.pair] for row, p in enumerate(pieces)])
        rates = logs * w * look.harmonic / (2 * np.pi)
        best = np.argmax(rates, axis=-1)
        around = np.clip(best + np.array([[-1], [1]]), 0, _SECTIONS)
        ends = w[rows, around].T
    return w[rows, best], rates[rows, best]
