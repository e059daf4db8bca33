from __future__ import annotations

from pathlib import Path

import pytest

SMALL = """\
kind: actuator
title: A small coil
coil:
  inner_radius: 9 mm
  outer_radius: 18.72 mm
  length: 8 mm
  turns: 600
magnet:
  radius: 3 mm
  length: 3 mm
  magnetization: 8.78e5 A/m
published:
  - {quantity: force_per_current, value: 0.129 N/A}
"""


@pytest.fixture
def write(tmp_path):
    """Write a study file from the small one, with (old, new) replacements; returns its path."""

    def write_study(*changes: tuple[str, str], name: str = "small.yaml") -> Path:
        text = SMALL
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write_study
