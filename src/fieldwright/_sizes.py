"""Few sizes for arrays of any length, as each size is compiled for."""

from __future__ import annotations


def padded_size(number: int) -> int:
    """The least of few sizes that holds `number`: 1, 2, 3, 4, 6, 8, ... and closer above 32.

    Up to there the work is not what takes the time; above, at most an eighth is added.

    >>> [padded_size(n) for n in (1, 5, 17, 100, 1000)]
    [1, 6, 24, 104, 1024]
    """
    octave = 1 << max(number - 1, 0).bit_length()
    step = max(octave // (4 if number <= 32 else 16), 1)
    return -(-number // step) * step
