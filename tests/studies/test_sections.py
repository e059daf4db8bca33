"""The section that CONTRIBUTING.md shows: taken from there, and added to a kind."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from fieldwright.studies import light
from fieldwright.studies._engine import compute, study_of
from fieldwright.studies._pieces import Pieces

PAGE = Path(__file__).parents[2] / "CONTRIBUTING.md"
UNDULATOR = {"undulator": {"period": "20 mm", "periods": 100, "K": 1}}


@pytest.fixture
def section(monkeypatch):
    (text,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    module = ModuleType("cones")
    monkeypatch.setitem(sys.modules, "cones", module)
    exec(compile(text, str(PAGE), "exec"), module.__dict__)
    return module.CONES


def test_a_section_is_one_module_and_a_line_in_the_list(section):
    class Longer(light._Light):
        sections = (*light._Light.sections, section)

    model = study_of(Longer, "LightStudy", "light")
    beam = {"energy": "3 GeV"}
    given = {"kind": "light", "title": "t", "beam": beam, "radiator": UNDULATOR}
    study = model.model_validate(given | {"cones": {"c": {"points": 31}}})
    assert not list(study.problems())
    outcome = compute(study, lambda *_: None, Pieces())
    found = {name: quantity.value for name, quantity in outcome.quantities.items()}
    # half of the line where gamma theta is the root of 1 + K^2 / 2
    assert found["c.opening"] == pytest.approx(np.sqrt(1.5) / found["gamma"], rel=1e-12)
    assert found["c.last"] == pytest.approx(found["harmonic_1_energy"] / 10, rel=1e-12)
    assert outcome.tables[-1].title == "Cones"
    assert outcome.dataset().line_c.shape == (31,)
    assert [drawing.name for drawing in outcome.drawings] == ["cone_c"]
    assert outcome.drawings[0].draw().axes[0].get_xlabel()
    wrong = model.model_validate(given | {"cones": {"c": {"case": "none"}}})
    assert [where for where, _ in wrong.problems()] == [("cones", "c", "case")]
