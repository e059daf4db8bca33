"""The command `fieldwright`: thin; everything heavy is imported by the commands that need it."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from . import __version__
from .errors import FieldwrightError, InputError

if TYPE_CHECKING:
    from .studies import Results

app = typer.Typer(
    name="fieldwright",
    help="Makes electric and magnetic fields and tells what they do.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

StudyFile = Annotated[Path, typer.Argument(metavar="STUDY.yaml", help="The study file.")]
Force = Annotated[bool, typer.Option("--force", help="Replace an older results folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Replace a value, such as coil.turns=700."),
]

_ONE = "_one"  # the command for one of several studies
_INTERRUPTED = 130
_TRACEBACK = "FIELDWRIGHT_TRACEBACK"


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"fieldwright {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Options of all commands."""


@app.command()
def reproduce(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Studies; all by default.")
    ] = None,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="One folder for each study goes in here.")
    ] = Path("out"),
    settings: Settings = None,
    force: Force = False,
    tables: Annotated[
        bool, typer.Option("--tables", help="Print all tables, as show does.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Reproduce published studies, beside what was printed; several at once.

    Prints how many figures agree, and which do not.
    """
    from .studies import gallery, read_study
    from .studies._folder import check_target
    from .studies._show import read_record
    from .studies._side_by_side import run_side_by_side

    known = gallery()
    chosen = list(dict.fromkeys(names or known))
    for name in chosen:
        if name not in known:
            raise InputError(f"{name!r} is no published study; there is: {', '.join(known)}")
        check_target(output / name, force)
    if settings and len(chosen) != 1:
        raise typer.BadParameter("--set goes with the NAME of one study")
    records = {}

    def finished(name: str) -> None:
        records[name] = read_record(output / name)
        if not as_json:
            (_print_tables if tables else _print_summary)(records[name], output / name)

    code = 0
    if len(chosen) == 1:
        _run(read_study(known[chosen[0]], _settings(settings)), output / chosen[0], force)
        finished(chosen[0])
    else:
        options = ["--force"] * force
        commands = {
            name: [_ONE, *options, "--", str(known[name]), str(output / name)] for name in chosen
        }
        try:
            code = run_side_by_side(commands, finished)
        except BaseException:
            for name in chosen:
                _tell_kept(output / name)
            raise
    if as_json:
        _print_json([records[name] for name in chosen if name in records])
    if code:
        raise typer.Exit(code)


@app.command(_ONE, hidden=True)
def _one(study: StudyFile, folder: Path, force: Force = False) -> None:
    """One of several studies: what `reproduce` starts, and whose progress it reads."""
    from .studies import read_study, run_study
    from .studies._side_by_side import tell_phase

    checked = read_study(study)
    with _going_on(checked.study, folder):
        run_study(checked, folder, force=force, progress=tell_phase)


@app.command()
def run(
    study: StudyFile,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Results folder [default: STUDY-results]")
    ] = None,
    settings: Settings = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Compute a study; write results, figures and a report."""
    from .studies import read_study

    checked = read_study(study, _settings(settings))
    folder = output or Path(f"{study.stem}-results")
    record = _run(checked, folder, force)
    _print_json(record) if as_json else _print_tables(record, folder)


@app.command()
def validate(study: StudyFile, settings: Settings = None, as_json: AsJson = False) -> None:
    """Check a study file; compute nothing."""
    from .studies import read_study

    checked = read_study(study, _settings(settings))
    if as_json:
        _print_json(checked.resolved())
    else:
        print(f"{study}: a sound study of kind {checked.kind}")


@app.command()
def schema(
    kind: Annotated[str | None, typer.Argument(metavar="[KIND]", help="All by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print the JSON Schema of study files."""
    from .studies import schema as make

    _print_json(make(kind))


@app.command()
def show(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A results folder.")],
    rows: Annotated[
        str | None,
        typer.Option("--rows", metavar="NAME", help="Rows of rings by element; * is wild."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the tables of a results folder."""
    from .studies._show import print_rows, read_record, read_rows

    record = read_record(folder)
    if rows is not None:
        found = read_rows(folder, rows)
        _print_json(found) if as_json else print_rows(found)
    elif as_json:
        _print_json(record)
    else:
        _print_tables(record, folder)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Tell whether this machine computes right."""
    from .studies._doctor import examine

    found = examine()
    if as_json:
        _print_json(found)
    else:
        from .studies._show import doctor_lines

        print("\n".join(doctor_lines(found)))
    if not found["healthy"]:
        raise typer.Exit(1)


def _run(study: Any, folder: Path, force: bool) -> dict[str, Any]:
    """Run one study, with its progress on standard error; returns its record."""
    from .studies._folder import check_target
    from .studies._progress import Watch

    check_target(folder, force)
    with _going_on(study.study, folder), Watch(study.study) as watch:
        watch("loading")
        from .studies import run_study

        results: Results = run_study(study, folder, force=force, progress=watch)
    return results.record


@contextmanager
def _going_on(name: str, folder: Path) -> Iterator[None]:
    """Say what is kept of an unfinished run, before and after."""
    from .studies._pieces import partial_folder

    kept = partial_folder(folder)
    if kept.is_dir():
        _tell(f"{name}: going on with what an earlier run left in {kept}")
    try:
        yield
    except BaseException:
        _tell_kept(folder)
        raise


def _tell_kept(folder: Path) -> None:
    from .studies._pieces import partial_folder

    kept = partial_folder(folder)
    if kept.is_dir():
        _tell(f"{kept} keeps what is finished; the same command goes on from there")


def _settings(given: list[str] | None) -> dict[str, str]:
    settings = {}
    for text in given or []:
        path, equals, value = text.partition("=")
        if not equals or not path:
            raise typer.BadParameter(f"{text!r}: write PATH=VALUE, such as coil.turns=700")
        settings[path] = value
    return settings


def _prepare_jax() -> None:
    """Settings that JAX reads when it is imported: keep compiled code, and be quiet about it."""
    # XLA's loader takes tuning hints in its own cache for missing processor features (severity 2).
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # JAX itself sets 1, and commands inherit that
    # equinox's checks are calls back into Python, and such programs JAX does not keep compiled;
    # results are looked at for NaN instead.
    os.environ.setdefault("EQX_ON_ERROR", "nan")
    folder = None if "JAX_COMPILATION_CACHE_DIR" in os.environ else _cache_folder()
    if folder is not None:
        os.environ["JAX_COMPILATION_CACHE_DIR"] = str(folder)
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")


def _cache_folder() -> Path | None:
    """A folder that only this user can write, since what lies in it is run; None without one."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(given) if given.startswith("/") else Path("~/.cache").expanduser()
    folder = base / "fieldwright" / "compiled"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if folder.stat().st_uid != os.getuid():
            return None
        folder.chmod(0o700)
    except (OSError, RuntimeError):
        return None
    return folder if os.access(folder, os.W_OK) else None


def _print_json(data: Any) -> None:
    print(json.dumps(data, indent=2, ensure_ascii=False))


def _print_tables(record: dict[str, Any], folder: Path) -> None:
    from .studies._show import print_record

    print_record(record)
    print(f"\nReport: {(folder / 'report.html').absolute()}")


def _print_summary(record: dict[str, Any], folder: Path) -> None:
    from .studies._show import print_summary

    print_summary(record, folder / "report.html")


class _Terminated(BaseException):
    """SIGTERM, made an exception so that temporary folders are removed on the way out."""


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    raise _Terminated


def _unraisable(lost: Any) -> None:
    """Ask again to stop, a moment later, where Python drops what is raised.

    So it does in the callbacks of its collector of garbage, of which JAX has one.
    """
    number = {KeyboardInterrupt: signal.SIGINT, _Terminated: signal.SIGTERM}.get(lost.exc_type)
    if number is None:
        sys.__unraisablehook__(lost)
    else:
        again = threading.Timer(0.05, os.kill, (os.getpid(), number))
        again.daemon = True
        again.start()


def main() -> None:
    """Run the command and leave with its exit code."""
    try:
        signal.signal(signal.SIGTERM, _terminate)
        sys.unraisablehook = _unraisable
        _prepare_jax()
        code = _exit_code(lambda: app(standalone_mode=False))
    except KeyboardInterrupt:
        code = _say("interrupted; nothing was left half written", _INTERRUPTED)
    except _Terminated:
        code = _say("terminated; nothing was left half written", 143)
    sys.exit(code)


def _exit_code(command: Callable[[], Any]) -> int:
    try:
        code = command()
        sys.stdout.flush()
        if code == _INTERRUPTED:  # what typer makes of Ctrl-C
            raise KeyboardInterrupt
        return code if isinstance(code, int) else 0
    except typer.Exit as leaving:
        return leaving.exit_code
    except typer.Abort:
        raise KeyboardInterrupt from None
    except FieldwrightError as error:
        print(error, file=sys.stderr)  # names its file and line itself
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the reader has gone; say no more
        return 0
    except Exception as error:
        return _unexpected(error)


def _unexpected(error: Exception) -> int:
    if hasattr(error, "format_message") and hasattr(error, "exit_code"):  # typer's usage errors
        context = getattr(error, "ctx", None)
        usage = f"{context.get_usage()}\n" if context else ""
        return _say(f"{usage}{error.format_message()}", 2)
    if os.environ.get(_TRACEBACK):
        raise error
    text = " ".join(str(error).split())[:300]
    return _say(
        f"unexpected {type(error).__name__}: {text}\n"
        f"This should not happen. Set {_TRACEBACK}=1 and run again to see where it did.",
        1,
    )


def _say(message: str, code: int) -> int:
    _tell(f"fieldwright: {message}")
    return code


def _tell(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
