"""The command as a user meets it: another process, its streams and its exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

STUDY = """\
kind: actuator
title: A small coil
coil:
  inner_radius: 9 mm
  outer_radius: 18.72 mm
  length: 8 mm
  turns: 600
magnet: {radius: 3 mm, length: 3 mm, magnetization: 8.78e5 A/m}
distance: {from: 0 mm, to: 20 mm, points: 21}
published:
  - {quantity: force_per_current, value: 0.129 N/A}
  - {quantity: sweet_spot, value: 6.710 mm, note: One digit off.}
"""


def fieldwright(*arguments, cwd=None, env=None, **options):
    return subprocess.run(
        [sys.executable, "-m", "fieldwright", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        timeout=240,
        **options,
    )


def names(folder):
    return sorted(child.name for child in folder.iterdir())


@pytest.fixture
def study(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(STUDY, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    (folder / "study.yaml").write_text(STUDY, encoding="utf-8")
    done = fieldwright("run", "study.yaml", "-o", "out", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "out", done


def test_help_is_quick_and_light():
    code = (
        "import sys, typer\nfrom fieldwright import cli\nsys.argv = ['fieldwright', '--help']\n"
        "try:\n cli.main()\n"
        "except SystemExit as left:\n assert left.code == 0\n"
        "heavy = {'jax', 'equinox', 'matplotlib', 'xarray', 'scipy', 'numpy'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    assert done.returncode == 0, done.stderr
    for command in ("reproduce", "run", "validate", "schema", "show", "doctor"):
        assert command in done.stdout
    assert seconds < 3  # 0.2 s on an idle machine; the tests may share theirs


def test_version():
    import fieldwright as package

    done = fieldwright("--version")
    assert (done.returncode, done.stdout) == (0, f"fieldwright {package.__version__}\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("fly",),
        ("run",),
        ("run", "study.yaml", "--spin"),
        ("run", "study.yaml", "--set", "turns"),
        ("show",),
    ],
)
def test_wrong_usage(study, arguments):
    done = fieldwright(*arguments, cwd=study.parent)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Usage: " in done.stderr
    assert "Traceback" not in done.stderr
    assert names(study.parent) == ["study.yaml"]


def test_results_are_complete(finished):
    folder, done = finished
    assert names(folder.parent) == ["out", "study.yaml"]
    assert names(folder) == ["figures", "report.html", "results.json", "results.nc", "study.json"]
    assert json.loads(done.stdout) == json.loads((folder / "results.json").read_text())
    assert "compiling" in done.stderr  # a phase of its own
    assert "XLA" not in done.stderr


def test_results_json(finished):
    record = json.loads((finished[0] / "results.json").read_text())
    assert list(record) == ["study", "kind", "fieldwright", "quantities", "published"]
    assert (record["study"], record["kind"]) == ("study", "actuator")
    force = record["quantities"]["force_per_current"]
    assert force["value"] == pytest.approx(0.12879780999655, rel=1e-9)
    assert force["unit"] == "N/A"
    assert 0 < force["error_estimate"] < 1e-12
    agrees, differs = record["published"]
    assert list(agrees) == [
        "quantity", "case", "published", "printed", "computed", "unit", "deviation", "verdict",
        "note",
    ]  # fmt: skip
    assert (agrees["verdict"], differs["verdict"]) == ("agrees", "differs")
    assert (agrees["case"], agrees["published"], agrees["unit"]) == (None, 0.129, "N/A")
    assert differs["deviation"] == pytest.approx(differs["computed"] - 0.00671)
    assert differs["note"] == "One digit off."


def test_show(finished):
    done = fieldwright("show", finished[0])
    assert done.returncode == 0
    words = "force_per_current", "0.128798 N/A", "6.710 mm", "agrees", "differs", "One digit off."
    for word in words:
        assert word in done.stdout
    assert json.loads(fieldwright("show", finished[0], "--json").stdout)["study"] == "study"


def test_show_of_something_else(tmp_path):
    done = fieldwright("show", tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert "holds no results.json" in done.stderr
    (tmp_path / "results.json").write_text("{")
    assert fieldwright("show", tmp_path).returncode == 3
    (tmp_path / "results.json").write_text("[]")
    assert "not written by fieldwright" in fieldwright("show", tmp_path).stderr


def test_a_reader_that_leaves(finished):
    command = f"{sys.executable} -m fieldwright show {finished[0]} | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_an_existing_folder_is_kept_unless_forced(finished):
    folder, _ = finished
    before = (folder / "results.json").stat().st_mtime_ns
    again = ("run", "study.yaml", "-o", "out")
    done = fieldwright(*again, cwd=folder.parent)
    assert done.returncode == 3
    assert done.stderr == "out: exists already; choose another with -o, or give --force\n"
    assert (folder / "results.json").stat().st_mtime_ns == before
    done = fieldwright(*again, "--force", "--set", "study=again", cwd=folder.parent)
    assert done.returncode == 0, done.stderr
    assert json.loads((folder / "results.json").read_text())["study"] == "again"
    assert names(folder.parent) == ["out", "study.yaml"]


def test_force_does_not_replace_other_folders(study):
    (study.parent / "out").mkdir()
    (study.parent / "out" / "thesis.tex").write_text("x")
    done = fieldwright("run", study, "-o", study.parent / "out", "--force")
    assert done.returncode == 3
    assert "--force will not replace it" in done.stderr
    assert names(study.parent / "out") == ["thesis.tex"]


@pytest.mark.parametrize("command", ["run", "validate"])
def test_invalid_input(study, command):
    study.write_text(STUDY.replace("18.72 mm", "8 mm").replace("600", "0"), encoding="utf-8")
    done = fieldwright(command, study.name, cwd=study.parent)
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr == "study.yaml:7: coil.turns: must be larger than zero, got 0\n"
    assert names(study.parent) == ["study.yaml"]


def test_a_constructor_s_complaint_has_its_line(study):
    study.write_text(STUDY.replace("18.72 mm", "8 mm"), encoding="utf-8")
    done = fieldwright("run", study.name, cwd=study.parent)
    assert done.returncode == 3
    assert done.stderr.startswith("study.yaml:5: coil.outer_radius: 8 mm is ")
    assert len(done.stderr.splitlines()) == 1


def test_validate(study):
    done = fieldwright("validate", study.name, cwd=study.parent)
    assert (done.returncode, done.stdout) == (0, "study.yaml: a sound study of kind actuator\n")
    done = fieldwright(
        "validate", study.name, "--set", "coil.turns=700", "--json", cwd=study.parent
    )
    assert json.loads(done.stdout)["coil"]["turns"] == 700


def test_schema():
    assert json.loads(fieldwright("schema").stdout)["oneOf"]
    assert json.loads(fieldwright("schema", "actuator").stdout)["title"] == "ActuatorStudy"
    assert fieldwright("schema", "comb").returncode == 3


def test_an_unknown_published_study(tmp_path):
    done = fieldwright("reproduce", "osme", cwd=tmp_path)
    assert done.returncode == 3
    known = "beam-size, crystalline-undulator, osem, penning"
    assert f"'osme' is no published study; there is: {known}" in done.stderr
    assert names(tmp_path) == []


def test_settings_of_reproduce_go_with_one_study(tmp_path):
    done = fieldwright("reproduce", "--set", "coil.turns=700", cwd=tmp_path)
    assert done.returncode == 2
    assert "--set goes with the NAME of one study" in done.stderr
    done = fieldwright("reproduce", "osem", "--set", "coil.turnz=700", cwd=tmp_path)
    assert done.returncode == 3
    assert "coil.turnz: unknown key 'turnz', did you mean 'turns'?" in done.stderr
    assert names(tmp_path) == []


SIDE_BY_SIDE = """\
import subprocess, sys
from pathlib import Path
from fieldwright import studies
from fieldwright.cli import main
start = subprocess.Popen.__init__
def told(self, *arguments, **options):
    start(self, *arguments, **options)
    if "fieldwright" in arguments[0]:
        print("STARTED", self.pid, file=sys.stderr, flush=True)
subprocess.Popen.__init__ = told
known = {path.stem: path for path in Path("studies").glob("*.yaml")}
if known:
    studies.gallery = lambda: known
sys.argv = ["fieldwright", "reproduce", *sys.argv[1:]]
main()
"""


@pytest.fixture
def few_studies(tmp_path):
    """A gallery of small studies, by the names of published ones; the last of three is wrong."""
    folder = tmp_path / "studies"
    folder.mkdir()
    (folder / "osem.yaml").write_text(STUDY, encoding="utf-8")
    (folder / "penning.yaml").write_text(STUDY.replace("600", "700"), encoding="utf-8")
    (folder / "beam-size.yaml").write_text(STUDY.replace("600", "0"), encoding="utf-8")
    return tmp_path


def test_one_study_is_told_in_a_few_lines_or_in_tables(few_studies):
    (few_studies / "studies" / "beam-size.yaml").unlink()

    def reproduce(*arguments):
        return subprocess.run(
            [sys.executable, "-c", SIDE_BY_SIDE, "osem", *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=few_studies,
            env=os.environ | {"COLUMNS": "100"},
            timeout=240,
        )

    done = reproduce("--set", "study=mine")
    assert done.returncode == 0, done.stderr
    assert "STARTED" not in done.stderr  # one study runs in this process
    assert done.stdout == (
        "mine: 1 agrees, 1 differs   out/osem/report.html\n"
        "  differs   sweet_spot: printed 6.710 mm, computed 6.71881 mm, +0.13 % (One digit off.)\n"
    )
    done = reproduce("--force", "--tables")
    assert done.returncode == 0, done.stderr
    for word in ("force_per_current", "0.128798 N/A", "Published and computed", "Report: "):
        assert word in done.stdout


def test_doctor():
    done = fieldwright("doctor", "--json")
    assert done.returncode == 0, done.stdout
    found = json.loads(done.stdout)
    assert found["healthy"]
    assert found["x64"]
    assert set(found["arithmetic"]) == {"16385", "24000", "32768"}
    assert fieldwright("doctor").stdout.endswith("healthy\n")


def test_no_convergence_is_four(study):
    # two equal magnets, opposed, at one place: no force at all, hence no sweet spot
    twins = (
        "magnets:\n  - {radius: 3 mm, length: 3 mm, magnetization: 8e5 A/m}\n"
        "  - {radius: 3 mm, length: 3 mm, magnetization: 8e5 A/m, reversed: true}\n"
    )
    lines = [line for line in STUDY.splitlines(True) if not line.startswith("magnet:")]
    study.write_text("".join(lines) + twins, encoding="utf-8")
    done = fieldwright("run", study.name, cwd=study.parent)
    assert done.returncode == 4, done.stderr
    assert "Traceback" not in done.stderr
    assert names(study.parent) == ["study.yaml"]


def test_a_full_disk(study):
    command = f"ulimit -f 20; exec {sys.executable} -m fieldwright run study.yaml"  # KiB
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=False, cwd=study.parent
    )
    assert done.returncode == 3, done.stderr
    assert "study-results: cannot be written: File too large; nothing was left" in done.stderr
    assert names(study.parent) == ["study.yaml"]


def test_a_place_that_cannot_be_written(study):
    done = fieldwright("run", study.name, "-o", "study.yaml/out", cwd=study.parent)
    assert done.returncode == 3
    assert done.stderr.startswith("study.yaml/out: cannot be written: ")
    assert done.stderr.endswith("study.yaml is not a folder\n")
    assert names(study.parent) == ["study.yaml"]


def started(study, phase, then):
    """A command that does something of its own, some lines of Python, when a phase begins."""
    watched = (
        "import gc, os, signal, sys, time\n"
        "from fieldwright.studies._progress import Watch\n"
        "tell = Watch.__call__\n"
        "def call(self, phase):\n"
        "    tell(self, phase)\n"
        f"    if phase == {phase!r}:\n"
        f"{then}"
        "Watch.__call__ = call\n"
        "from fieldwright.cli import main\n"
        "sys.argv = ['fieldwright', 'run', 'study.yaml']\n"
        "main()\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", watched],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=study.parent,
    )


def check_stopped(process, study, code):
    out, err = process.communicate(timeout=120)
    assert process.returncode == code, err
    assert out == ""
    assert "nothing was left half written" in err
    assert "Traceback" not in err
    assert names(study.parent) == ["study.yaml"]


@pytest.mark.parametrize("phase", ["compiling", "drawing"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_in_the_middle(study, number, code, phase):
    waiting = "        print('NOW', file=sys.stderr, flush=True)\n        time.sleep(100)\n"
    process = started(study, phase, waiting)
    for line in process.stderr:
        if line == "NOW\n":
            process.send_signal(number)
            break
    check_stopped(process, study, code)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_while_memory_is_collected(study, number, code):
    # what is raised in a collector's callback, and JAX has one, goes nowhere by itself
    stopping = (
        "        def once(*about):\n"
        "            gc.callbacks.remove(once)\n"
        f"            os.kill(os.getpid(), {int(number)})\n"
        "        gc.callbacks.append(once)\n"
        "        gc.collect()\n"
        "        time.sleep(100)\n"
    )
    check_stopped(started(study, "drawing", stopping), study, code)


def test_the_cache_is_private_and_not_needed(study, tmp_path):
    cache = tmp_path / "cache"
    done = fieldwright("doctor", env={"XDG_CACHE_HOME": str(cache)})
    assert done.returncode == 0
    folder = cache / "fieldwright" / "compiled"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert names(folder)
    (tmp_path / "file").write_text("x")
    done = fieldwright("doctor", env={"XDG_CACHE_HOME": str(tmp_path / "file")})
    assert done.returncode == 0, done.stderr


def test_the_unexpected_is_short_and_tells_how_to_see_more(study):
    broken = (
        "import sys\nfrom fieldwright import studies\nfrom fieldwright.cli import main\n"
        "def fail(*_):\n    raise RuntimeError('a  broken\\n thing')\n"
        "studies.read_study = fail\nsys.argv = ['fieldwright', 'validate', 'study.yaml']\nmain()\n"
    )

    def run(env):
        return subprocess.run(
            [sys.executable, "-c", broken],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **env},
        )

    done = run({})
    assert done.returncode == 1
    assert "unexpected RuntimeError: a broken thing" in done.stderr
    assert "FIELDWRIGHT_TRACEBACK=1" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Traceback" in run({"FIELDWRIGHT_TRACEBACK": "1"}).stderr


def test_several_studies(few_studies):
    done = subprocess.run(
        [sys.executable, "-c", SIDE_BY_SIDE, "osem", "penning", "beam-size", "--json"],
        capture_output=True,
        text=True,
        check=False,
        cwd=few_studies,
        timeout=240,
    )
    assert done.returncode == 3, done.stderr
    records = json.loads(done.stdout)
    assert [record["study"] for record in records] == ["osem", "penning"]
    wrong = "beam-size: studies/beam-size.yaml:7: coil.turns: must be larger than zero, got 0"
    assert wrong in done.stderr.splitlines()
    assert "osem: done in" in done.stderr
    assert names(few_studies) == ["out", "studies"]
    assert names(few_studies / "out") == ["osem", "penning"]
    for record in records:
        folder = few_studies / "out" / record["study"]
        assert record == json.loads((folder / "results.json").read_text())
        assert "report.html" in names(folder)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_several_studies_stopped_in_the_middle(tmp_path, number, code):
    process = subprocess.Popen(
        [sys.executable, "-c", SIDE_BY_SIDE, "penning", "vepp2000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    workers = []
    for line in process.stderr:
        if line.startswith("STARTED "):
            workers.append(int(line.split()[1]))
        elif ": loading " in line:
            process.send_signal(number)
            break
    out, err = process.communicate(timeout=120)
    assert process.returncode == code, err
    assert out == ""
    assert err.count("nothing was left half written") == 1
    assert "Traceback" not in err
    assert workers
    for worker in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)
    left = names(tmp_path / "out") if (tmp_path / "out").is_dir() else []
    assert set(left) <= {"penning.partial", "vepp2000.partial"}
    assert all(f"{name} keeps what is finished" in err for name in left)
