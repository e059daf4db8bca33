"""The few exceptions that users see, each with the exit code the command gives it."""

from __future__ import annotations


class FieldwrightError(Exception):
    """Base of every error Fieldwright raises on purpose; its text is a message for the user."""

    exit_code = 1


class InputError(FieldwrightError, ValueError):
    """Something the user gave is wrong: the text says what, what was got, and what to do."""

    exit_code = 3

    def __init__(self, message: str, *, parameter: str | None = None):
        """`parameter` names the argument at fault: so a study's reader can point at its line."""
        super().__init__(message)
        self.parameter = parameter


class ConvergenceError(FieldwrightError, ArithmeticError):
    """No answer exists or none was found: the text carries the numbers."""

    exit_code = 4


class _WithNumbersError(FieldwrightError, ArithmeticError):
    """Something cannot be: the text says why, `numbers` carries the figures."""

    exit_code = 4

    def __init__(self, message: str, numbers: dict[str, float]):
        super().__init__(message)
        self.numbers = numbers


class UnstableTrapError(_WithNumbersError):
    """A trap that does not hold a charge: the text says why, `numbers` carries the figures."""


class UnstableLatticeError(_WithNumbersError):
    """A ring whose oscillations grow: `numbers` has traces, tunes and growth per turn."""


class NoClosedOrbitError(_WithNumbersError):
    """A ring in which no orbit closes, or none was found: `numbers` says how far it got."""


class NoRFError(_WithNumbersError):
    """A ring without what gives its beam back the energy it radiates."""


class BelowThresholdError(_WithNumbersError):
    """A charge too slow to make light in a medium's undulator: `numbers` has the least gamma."""
