"""Study files: what is read, and what every kind of mistake is answered with."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from fieldwright.errors import InputError
from fieldwright.studies import StudyError, gallery, read_study, schema


def problems(path, **settings):
    with pytest.raises(InputError) as caught:
        read_study(path, settings)
    assert caught.value.exit_code == 3
    return [line.removeprefix(f"{path.parent}/") for line in str(caught.value).splitlines()]


def test_a_sound_study(write):
    study = read_study(write())
    assert study.study == "small"  # after its file
    assert study.coil.outer_radius == 0.01872
    assert study.coil.turns == 600
    assert study.magnet.magnetization == 8.78e5


def test_settings_replace_values(write):
    path = write()
    study = read_study(
        path, {"coil.turns": "700", "magnet.length": "4 mm", "distance.points": "11"}
    )
    assert study.coil.turns == 700
    assert study.magnet.length == 0.004
    assert study.distance.points == 11


def test_the_resolved_study_reads_the_same(tmp_path):
    import json

    for path in gallery().values():
        study = read_study(path)
        again = tmp_path / "again.yaml"
        again.write_text(json.dumps(study.resolved()), encoding="utf-8")  # JSON is YAML 1.2
        assert read_study(again) == study


ONE_MISTAKE = [
    (("600", "0"), "small.yaml:7: coil.turns: must be larger than zero, got 0"),
    (("600", "-5"), "small.yaml:7: coil.turns: must be larger than zero, got -5"),
    (("600", ".nan"), "small.yaml:7: coil.turns: must be a finite number, got nan"),
    (("600", ".inf"), "small.yaml:7: coil.turns: must be a finite number, got inf"),
    (("600", "many"), "small.yaml:7: coil.turns: must be a plain number, got 'many'"),
    (("600", "true"), "small.yaml:7: coil.turns: must be a plain number, got True"),
    (("9 mm", "9"), "small.yaml:4: coil.inner_radius: 9 has no unit; write for example '9 mm'"),
    (
        ("9 mm", "9 mA"),
        "small.yaml:4: coil.inner_radius: '9 mA' is a current; expected a length such as '9 mm'",
    ),
    (
        ("9 mm", "9 Mm"),
        "small.yaml:4: coil.inner_radius: `Mm` is megametres, did you mean `mm`?",
    ),
    (
        ("9 mm", "nan mm"),
        "small.yaml:4: coil.inner_radius: 'nan mm' is not a finite number; "
        "expected a length such as '9 mm'",
    ),
    (("radius: 3 mm", "radius: -3 mm"), "small.yaml:9: magnet.radius: must be larger than zero"),
    (("8.78e5", "0"), "small.yaml:11: magnet.magnetization: must not be zero"),
    (("actuator", "comb"), "small.yaml:1: kind: 'comb' is no kind of study; there is: actuator"),
    (("actuator", "actuater"), "did you mean 'actuator'?"),
    (("kind: actuator\n", ""), "small.yaml:1: kind: is missing; write one of: actuator"),
    (("title: A small coil\n", ""), "small.yaml:1: title: is missing"),
    (("coil:\n", "coil: 3\nspare:\n"), "small.yaml:3: coil: must be a mapping of keys, got 3"),
    (
        ("radius: 3 mm", "radius: 3 mm\n  remanence: 1 T"),
        "small.yaml:8: magnet: give either `magnetization` or `remanence`",
    ),
    (("magnet:", "spare:"), "unknown key 'spare'"),
    (
        ("magnet:", "magnets: [{radius: 1 mm, length: 1 mm, remanence: 1 T}]\nmagnet:"),
        "give one of `magnet`, `magnets` or `cases`",
    ),
    (
        ("  outer_radius: 18.72 mm\n", ""),
        "small.yaml:3: coil.outer_radius: is missing; give it, or the number of `layers`",
    ),
    (
        ("magnet:", "wire: {diameter: 0.36 mm, layers: 27}\nmagnet:"),
        "small.yaml:5: coil.outer_radius: is given, and so are `layers` of wire",
    ),
    (("title:", "title: x\ntitle:"), "small.yaml:3: key 'title' is given twice"),
    (("600", "[600"), "not valid YAML"),
    (("  turns", "\tturns"), "small.yaml:7: "),
    (
        ("force_per_current", "force_per_curent"),
        "small.yaml:13: published.0.quantity: no quantity 'force_per_curent' is computed here, "
        "did you mean 'force_per_current'?",
    ),
    (("0.129 N/A", "0.129"), "small.yaml:13: published.0.value: must be text (put it in quotes)"),
    (("0.129 N/A", "0.129 N"), "'0.129 N' is a force; expected a force per current"),
    (("value: 0.129 N/A", "words: strong"), "`words` need `at_most` or `at_least`"),
    (("value", "case: spare, value"), "there is no case 'spare'"),
    (("published", "distance: {from: 3 mm, to: 2 mm}\npublished"), "`to` must be larger"),
    (("published", "tolerances: {coil.turns: 3 mm}\npublished"), "tolerances.coil.turns: must be"),
    (("published", "tolerances: {coil.inner_radus: 3 mm}\npublished"), "mean 'coil.inner_radius'?"),
    (("published", "tolerances: {magnet.magnetization: 3 mm}\npublished"), "is a length"),
]


@pytest.mark.parametrize(("change", "message"), ONE_MISTAKE)
def test_a_mistake_is_told_with_its_line(write, change, message):
    assert any(message in line for line in problems(write(change)))


def test_the_constructor_s_complaint_is_at_its_line(write):
    (line,) = problems(write(("18.72 mm", "8 mm")))
    assert line.startswith("small.yaml:5: coil.outer_radius: 8 mm is ")
    assert "inner_radius 9 mm" in line


def test_all_mistakes_of_a_file_at_once(write):
    path = write(
        ("inner_radius", "inner_raduis"), ("turns: 600", "turns: 0"), ("8.78e5 A/m", "8 A")
    )
    assert problems(path) == [
        "small.yaml:3: coil.inner_radius: is missing",
        "small.yaml:4: coil.inner_raduis: unknown key 'inner_raduis', did you mean 'inner_radius'?",
        "small.yaml:7: coil.turns: must be larger than zero, got 0",
        "small.yaml:11: magnet.magnetization: '8 A' is a current; "
        "expected a magnetization such as '9 A/m'",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no study"),
        (b"# only a remark\n", "holds no study"),
        (b"- kind\n- actuator\n", "a study is a mapping of keys (`kind: ...`), not a list"),
        (b"actuator\n", "not the single value 'actuator'"),
        (b"\xff\xfe\x00\x80", "not a text file in UTF-8"),
        (b"kind: \0", "binary file"),
        (b"[" * 2000, "nested more deeply"),
        (b"a: &a {b: *a}\nkind: actuator\n", "study.yaml:"),
        (b"kind: !!python/object:os.system actuatr\n", "is no kind of study"),
        (b"x" * 1_100_000, "larger than 1 MB"),
        (b"kind: actuator\n? [1, 2]\n: 3\n", "study.yaml:"),
    ],
)
def test_files_that_are_no_studies(tmp_path, content, message):
    path = tmp_path / "study.yaml"
    path.write_bytes(content)
    assert any(message in line for line in problems(path))


def test_no_file_and_a_folder(tmp_path):
    assert "there is no such file" in problems(tmp_path / "absent.yaml")[0]
    assert "is a folder" in problems(tmp_path)[0]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("coil.turns", "0", "--set: coil.turns: must be larger than zero, got 0"),
        ("coil.turnz", "3", "--set: coil.turnz: unknown key 'turnz', did you mean 'turns'?"),
        ("coil.turns.x", "3", "--set coil.turns.x: 'x' leads nowhere"),
        ("published.7.value", "3", "'7' leads nowhere"),
        ("spare.x", "3", "spare: unknown key 'spare'"),
        ("coil..turns", "3", "write a dotted path"),
    ],
)
def test_settings_are_checked(write, path, value, message):
    assert any(message in line for line in problems(write(), **{path: value}))


CASES = """\
kind: actuator
title: Two cases
coil: {inner_radius: 9 mm, outer_radius: 18.72 mm, length: 8 mm, turns: 600}
cases:
  near:
    magnet: {radius: 3 mm, length: 3 mm, remanence: 1.1 T}
  pair:
    magnets:
      - {radius: 3 mm, length: 3 mm, remanence: 1.1 T}
      - {radius: 3 mm, length: 3 mm, remanence: 1.1 T, reversed: true, position: 40 mm}
derived:
  shift: {title: Shift, difference: [pair.sweet_spot, near.sweet_spot]}
figures:
  both: {caption: Both, cases: [near, pair]}
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[near, pair]", "[near, pear]", "no case 'pear', did you mean 'pair'?"),
        ("both:", "../both:", "c.yaml:14: figures.../both: a name has letters, digits and"),
        ("both:", "overview:", "is drawn anyway; choose another"),
        ("shift:", "sweet_spot:", "something else that is computed; choose another"),
        ("  pair:", "  a.b:", "c.yaml:7: cases.a.b: a name has letters"),
        ("near.sweet_spot", "near.sweetspot", "did you mean 'near.sweet_spot'?"),
        ("near.sweet_spot", "near.curvature", "pair.sweet_spot is in m but near.curvature in"),
        (
            "title: Shift,",
            "title: Shift, in_units_of: 1 T,",
            "is a flux density; expected a length",
        ),
        (
            "title: Shift, difference:",
            "title: Shift, in_units_of: 1 mm, ratio:",
            "c.yaml:12: derived.shift.in_units_of: '1 mm' is a length; expected a plain number",
        ),
        ("length: 3 mm", "lenght: 3 mm", "c.yaml:6: cases.near.magnet.lenght: unknown key"),
        ("position: 40 mm", "position: 40", "c.yaml:10: cases.pair.magnets.1.position: 40 has no"),
        ("radius: 3 mm,", "radius: 3 mm, inner_radius: 4 mm,", "c.yaml:6: cases.near.magnet."),
    ],
)
def test_mistakes_in_cases(tmp_path, old, new, message):
    path = tmp_path / "c.yaml"
    path.write_text(CASES.replace(old, new, 1), encoding="utf-8")
    assert any(message in line for line in problems(path))


def test_schema():
    one = schema("actuator")
    assert one["properties"]["kind"]["const"] == "actuator"
    assert one["additionalProperties"] is False
    assert "title" in one["required"]
    every = schema()
    kinds = ("actuator", "trap", "ring", "light")
    assert every["oneOf"] == [{"$ref": f"#/$defs/{kind}"} for kind in kinds]
    assert every["$defs"]["actuator.FigurePart"] != every["$defs"]["trap.FigurePart"]
    with pytest.raises(InputError, match="there is: actuator, trap, ring, light"):
        schema("comb")


def test_every_reference_of_the_schema_leads_somewhere():
    every = schema()
    names = re.findall(r'"#/\$defs/([^"]+)"', json.dumps(every))
    assert names
    assert set(names) <= set(every["$defs"])


def test_a_study_error_lists_its_problems(write):
    with pytest.raises(StudyError) as caught:
        read_study(write(("600", "0")))
    assert len(caught.value.problems) == 1


def test_reading_a_bad_file_does_not_wait_for_jax(write):
    code = (
        "import sys\nfrom fieldwright.studies import read_study\n"
        "try:\n read_study(sys.argv[1])\n"
        "except ValueError:\n sys.exit('jax' in sys.modules)\n"
        "sys.exit('not refused')"
    )
    path = write(("600", "0"))
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == 0
