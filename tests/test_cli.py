"""The command as a user meets it: another process, its streams and its exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from subprocess import CompletedProcess

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


#: Published studies are those in the folder `studies`, where there is one.
GALLERY = """\
import gc, json, os, signal, subprocess, sys, time
from pathlib import Path
from fieldwright import studies
from fieldwright.cli import main
published = studies.gallery
def gallery():
    return {path.stem: path for path in Path("studies").glob("*.yaml")} or published()
studies.gallery = gallery
start = subprocess.Popen.__init__
def told(self, *arguments, **options):
    start(self, *arguments, **options)
    if "fieldwright" in arguments[0]:
        print("STARTED", self.pid, file=sys.stderr, flush=True)
subprocess.Popen.__init__ = told
"""

IN_TURN = (
    GALLERY
    + """
asked, tell = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
for line in asked:
    arguments, folder, before, *streams = json.loads(line)
    os.chdir(folder)
    for number, name in enumerate(streams, 1):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    exec(before, dict(globals()))
    sys.argv = ["fieldwright", *arguments]
    try:
        code = main()
    except SystemExit as left:
        code = left.code
    sys.stdout.flush()
    print(json.dumps(code), file=tell, flush=True)
"""
)


class InTurn:
    """One process that does a command after another, each with streams and exit code of its own.

    What a command takes longest for, to import and to compile, is then paid once. That commands
    work in processes of their own is tested with some of each kind.
    """

    def __init__(self, folder):
        self.streams = folder / "out", folder / "err"
        self.process = subprocess.Popen(
            [sys.executable, "-c", IN_TURN],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"COLUMNS": "100"},
        )

    def begin(self, *arguments, cwd, before=""):
        for stream in self.streams:
            stream.write_text("")
        texts = [list(map(str, arguments)), str(cwd), before, *map(str, self.streams)]
        self.process.stdin.write(json.dumps(texts) + "\n")
        self.process.stdin.flush()

    def end(self):
        late = threading.Timer(240, self.process.kill)
        late.start()
        code = json.loads(self.process.stdout.readline())
        late.cancel()
        out, err = (stream.read_text(encoding="utf-8") for stream in self.streams)
        return CompletedProcess([], code, out, err)

    def __call__(self, *arguments, cwd="."):
        self.begin(*arguments, cwd=cwd)
        return self.end()


@pytest.fixture(scope="module")
def in_turn(tmp_path_factory):
    commands = InTurn(tmp_path_factory.mktemp("streams"))
    yield commands
    commands.process.communicate(timeout=60)


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
def test_wrong_usage(in_turn, study, arguments):
    done = in_turn(*arguments, cwd=study.parent)
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


def test_show(in_turn, finished):
    done = fieldwright("show", finished[0])
    assert done.returncode == 0
    words = "force_per_current", "0.128798 N/A", "6.710 mm", "agrees", "differs", "One digit off."
    for word in words:
        assert word in done.stdout
    assert json.loads(in_turn("show", finished[0], "--json").stdout)["study"] == "study"


def test_show_of_something_else(in_turn, tmp_path):
    done = in_turn("show", tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert "holds no results.json" in done.stderr
    (tmp_path / "results.json").write_text("{")
    assert in_turn("show", tmp_path).returncode == 3
    (tmp_path / "results.json").write_text("[]")
    assert "not written by fieldwright" in in_turn("show", tmp_path).stderr


def test_a_reader_that_leaves(finished):
    command = f"{sys.executable} -m fieldwright show {finished[0]} | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_an_existing_folder_is_kept_unless_forced(in_turn, finished):
    folder, _ = finished
    before = (folder / "results.json").stat().st_mtime_ns
    again = ("run", "study.yaml", "-o", "out")
    done = in_turn(*again, cwd=folder.parent)
    assert done.returncode == 3
    assert done.stderr == "out: exists already; choose another with -o, or give --force\n"
    assert (folder / "results.json").stat().st_mtime_ns == before
    done = in_turn(*again, "--force", "--set", "study=again", cwd=folder.parent)
    assert done.returncode == 0, done.stderr
    assert json.loads((folder / "results.json").read_text())["study"] == "again"
    assert names(folder.parent) == ["out", "study.yaml"]


def test_force_does_not_replace_other_folders(in_turn, study):
    (study.parent / "out").mkdir()
    (study.parent / "out" / "thesis.tex").write_text("x")
    done = in_turn("run", study, "-o", study.parent / "out", "--force")
    assert done.returncode == 3
    assert "--force will not replace it" in done.stderr
    assert names(study.parent / "out") == ["thesis.tex"]


@pytest.mark.parametrize("command", ["run", "validate"])
def test_invalid_input(in_turn, study, command):
    study.write_text(STUDY.replace("18.72 mm", "8 mm").replace("600", "0"), encoding="utf-8")
    done = in_turn(command, study.name, cwd=study.parent)
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr == "study.yaml:7: coil.turns: must be larger than zero, got 0\n"
    assert names(study.parent) == ["study.yaml"]


def test_a_constructor_s_complaint_has_its_line(in_turn, study):
    study.write_text(STUDY.replace("18.72 mm", "8 mm"), encoding="utf-8")
    done = in_turn("run", study.name, cwd=study.parent)
    assert done.returncode == 3
    assert done.stderr.startswith("study.yaml:5: coil.outer_radius: 8 mm is ")
    assert len(done.stderr.splitlines()) == 1


def test_validate(in_turn, study):
    done = in_turn("validate", study.name, cwd=study.parent)
    assert (done.returncode, done.stdout) == (0, "study.yaml: a sound study of kind actuator\n")
    done = in_turn("validate", study.name, "--set", "coil.turns=700", "--json", cwd=study.parent)
    assert json.loads(done.stdout)["coil"]["turns"] == 700


def test_schema(in_turn):
    assert json.loads(in_turn("schema").stdout)["oneOf"]
    assert json.loads(in_turn("schema", "actuator").stdout)["title"] == "ActuatorStudy"
    assert in_turn("schema", "comb").returncode == 3


def test_an_unknown_published_study(tmp_path):
    done = fieldwright("reproduce", "osme", cwd=tmp_path)
    assert done.returncode == 3
    known = "beam-size, crystalline-undulator, osem, penning"
    assert f"'osme' is no published study; there is: {known}" in done.stderr
    assert names(tmp_path) == []


def test_settings_of_reproduce_go_with_one_study(in_turn, tmp_path):
    done = in_turn("reproduce", "--set", "coil.turns=700", cwd=tmp_path)
    assert done.returncode == 2
    assert "--set goes with the NAME of one study" in done.stderr
    done = in_turn("reproduce", "osem", "--set", "coil.turnz=700", cwd=tmp_path)
    assert done.returncode == 3
    assert "coil.turnz: unknown key 'turnz', did you mean 'turns'?" in done.stderr
    assert names(tmp_path) == []


SIDE_BY_SIDE = GALLERY + 'sys.argv = ["fieldwright", "reproduce", *sys.argv[1:]]\nmain()\n'


@pytest.fixture
def few_studies(tmp_path):
    """A gallery of small studies, by the names of published ones; the last of three is wrong."""
    folder = tmp_path / "studies"
    folder.mkdir()
    (folder / "osem.yaml").write_text(STUDY, encoding="utf-8")
    (folder / "penning.yaml").write_text(STUDY.replace("600", "700"), encoding="utf-8")
    (folder / "beam-size.yaml").write_text(STUDY.replace("600", "0"), encoding="utf-8")
    return tmp_path


def test_one_study_is_told_in_a_few_lines_or_in_tables(in_turn, few_studies):
    (few_studies / "studies" / "beam-size.yaml").unlink()
    done = in_turn("reproduce", "osem", "--set", "study=mine", cwd=few_studies)
    assert done.returncode == 0, done.stderr
    assert "STARTED" not in done.stderr  # one study runs in this process
    assert done.stdout == (
        "mine: 1 agrees, 1 differs   out/osem/report.html\n"
        "  differs   sweet_spot: printed 6.710 mm, computed 6.71881 mm, +0.13 % (One digit off.)\n"
    )
    done = in_turn("reproduce", "osem", "--force", "--tables", cwd=few_studies)
    assert done.returncode == 0, done.stderr
    for word in ("force_per_current", "0.128798 N/A", "Published and computed", "Report: "):
        assert word in done.stdout


@pytest.fixture(scope="module")
def examined(tmp_path_factory):
    """What doctor says of a user whose cache is new, and that cache."""
    cache = tmp_path_factory.mktemp("cache")
    return fieldwright("doctor", "--json", env={"XDG_CACHE_HOME": str(cache)}), cache


def test_doctor(in_turn, examined):
    done, _ = examined
    assert done.returncode == 0, done.stdout
    found = json.loads(done.stdout)
    assert found["healthy"]
    assert found["x64"]
    assert set(found["arithmetic"]) == {"16385", "24000", "32768"}
    assert in_turn("doctor").stdout.endswith("healthy\n")


def test_no_convergence_is_four(in_turn, study):
    # two equal magnets, opposed, at one place: no force at all, hence no sweet spot
    twins = (
        "magnets:\n  - {radius: 3 mm, length: 3 mm, magnetization: 8e5 A/m}\n"
        "  - {radius: 3 mm, length: 3 mm, magnetization: 8e5 A/m, reversed: true}\n"
    )
    lines = [line for line in STUDY.splitlines(True) if not line.startswith("magnet:")]
    study.write_text("".join(lines) + twins, encoding="utf-8")
    done = in_turn("run", study.name, cwd=study.parent)
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


def test_a_place_that_cannot_be_written(in_turn, study):
    done = in_turn("run", study.name, "-o", "study.yaml/out", cwd=study.parent)
    assert done.returncode == 3
    assert done.stderr.startswith("study.yaml/out: cannot be written: ")
    assert done.stderr.endswith("study.yaml is not a folder\n")
    assert names(study.parent) == ["study.yaml"]


def watching(phase, then):
    """Some lines of Python that a command does when a phase begins."""
    return (
        "from fieldwright.studies._progress import Watch\n"
        "tell = Watch.__call__\n"
        "def call(self, phase):\n"
        "    tell(self, phase)\n"
        f"    if phase == {phase!r}:\n"
        "        Watch.__call__ = tell\n"
        f"{then}"
        "Watch.__call__ = call\n"
    )


def stopped(study, phase, then):
    """A command in a process of its own that does `then` when a phase begins."""
    run = "sys.argv = ['fieldwright', 'run', 'study.yaml']\nmain()\n"
    return subprocess.Popen(
        [sys.executable, "-c", GALLERY + watching(phase, then) + run],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=study.parent,
    )


def check_stopped(done, study, code):
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert "nothing was left half written" in done.stderr
    assert "Traceback" not in done.stderr
    assert names(study.parent) == ["study.yaml"]


def ended(process):
    out, err = process.communicate(timeout=120)
    return CompletedProcess([], process.returncode, out, err)


WAITING = "        print('NOW', file=sys.stderr, flush=True)\n        time.sleep(100)\n"
#: What is raised in a collector's callback, and JAX has one, goes nowhere by itself.
COLLECTING = """\
        def once(*about):
            gc.callbacks.remove(once)
            os.kill(os.getpid(), {number})
        gc.callbacks.append(once)
        gc.collect()
        time.sleep(100)
"""


@pytest.mark.parametrize(
    ("number", "code", "phase"),
    [(signal.SIGINT, 130, "drawing"), (signal.SIGTERM, 143, "compiling")],
)
def test_stopped_in_the_middle(study, number, code, phase):
    process = stopped(study, phase, WAITING)
    for line in process.stderr:
        if line == "NOW\n":
            process.send_signal(number)
            break
    check_stopped(ended(process), study, code)


@pytest.mark.parametrize(
    ("number", "code", "phase"),
    [(signal.SIGINT, 130, "compiling"), (signal.SIGTERM, 143, "drawing")],
)
def test_stopped_in_a_process_that_goes_on(in_turn, study, number, code, phase):
    in_turn.begin("run", study.name, cwd=study.parent, before=watching(phase, WAITING))
    until = time.monotonic() + 120
    while "NOW\n" not in in_turn.streams[1].read_text():
        assert time.monotonic() < until
        time.sleep(0.02)
    in_turn.process.send_signal(number)
    check_stopped(in_turn.end(), study, code)


def test_stopped_while_memory_is_collected(in_turn, study):
    process = stopped(study, "drawing", COLLECTING.format(number=int(signal.SIGINT)))
    check_stopped(ended(process), study, 130)
    then = watching("drawing", COLLECTING.format(number=int(signal.SIGTERM)))
    in_turn.begin("run", study.name, cwd=study.parent, before=then)
    check_stopped(in_turn.end(), study, 143)


def test_the_cache_is_private_and_not_needed(examined, tmp_path):
    done, cache = examined
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


def test_several_studies(in_turn, few_studies):
    done = in_turn("reproduce", "osem", "penning", "beam-size", "--json", cwd=few_studies)
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
