"""Run a study: compute, judge, write."""

from __future__ import annotations

import io
import json
import math
from importlib import metadata
from pathlib import Path
from typing import Any

from .. import __version__
from ..errors import ConvergenceError, FieldwrightError
from ._folder import check_target, whole_folder
from ._judge import judge
from ._pieces import Pieces, partial_folder
from ._results import Results
from ._study import Progress, Study, find_kind

_HASH_SALT = "fieldwright"  # equal results give equal SVG files


def quiet(phase: str, fraction: float | None = None, /) -> None:
    """Progress for those who do not watch."""


def compute_study(
    study: Study, progress: Progress = quiet, pieces: Pieces | None = None
) -> Results:
    """Compute a study and judge its published figures; writes nothing.

    Args:
        study: from `read_study`.
        progress: is told the name of each phase as it begins, and how far long ones are.
        pieces: what an earlier run has finished, and where to keep what this one does.

    Returns:
        The `Results`.

    Raises:
        ConvergenceError: something has no finite value, or no sweet spot.
        FieldwrightError: what it describes cannot be, such as a ring whose motion grows.

    >>> from fieldwright.studies import compute_study, gallery, read_study
    >>> results = compute_study(read_study(gallery()["osem"]))
    >>> print(f"{results.outcome.quantities['pr_tm.force_per_current'].value:.5f} N/A")
    0.12880 N/A
    """
    try:
        outcome = find_kind(study.kind).compute(study, progress, pieces or Pieces())
    except FieldwrightError as error:
        error.args = (study.explained(error),)
        raise
    lost = [name for name, q in outcome.quantities.items() if not math.isfinite(q.value)]
    if lost:
        raise ConvergenceError(f"no finite value was found for {', '.join(lost)}")
    judgements = [judge(entry, outcome.quantities) for entry in study.published]
    return Results(study, outcome, judgements)


def run_study(
    study: Study, folder: str | Path, *, force: bool = False, progress: Progress = quiet
) -> Results:
    """Compute a study and write its results into `folder`, whole or not at all.

    Args:
        study: from `read_study`.
        folder: appears when everything is in it.
        force: replace an older results folder.
        progress: is told the name of each phase as it begins, and how far long ones are.

    Returns:
        The `Results`.

    What a long run has finished is kept beside the folder, as `FOLDER.partial`, until all is done:
    a killed run, called again, computes none of it twice.

    Raises:
        InputError: the folder exists (and `force` is not given, or it holds something else than
            results), or cannot be written.
        ConvergenceError: as `compute_study`.

    >>> from fieldwright.studies import gallery, read_study, run_study
    >>> results = run_study(read_study(gallery()["osem"]), "osem")
    >>> from pathlib import Path
    >>> sorted(path.name for path in Path("osem").iterdir())
    ['figures', 'report.html', 'results.json', 'results.nc', 'study.json']
    """
    target = Path(folder)
    check_target(target, force)
    progress("loading")
    pieces = Pieces(partial_folder(target))
    results = compute_study(study, progress, pieces)
    with whole_folder(target, force) as unfinished:
        write_results(results, unfinished, progress)
    pieces.remove()
    return results


def write_results(results: Results, folder: Path, progress: Progress = quiet) -> None:
    """Write `results.json`, `results.nc`, `study.json`, the figures and `report.html`."""
    from ._report import report_page

    progress("writing data")
    _write_json(folder / "results.json", results.record)
    _write_json(folder / "study.json", results.study.resolved())
    _write_netcdf(results, folder / "results.nc")
    progress("drawing")
    pictures = _write_figures(results, folder / "figures")
    for attachment in results.outcome.attachments:
        progress(f"writing {attachment.name}")
        (folder / attachment.name).parent.mkdir(exist_ok=True)
        attachment.write(folder / attachment.name)
    progress("writing report")
    page = report_page(results, pictures, versions())
    (folder / "report.html").write_text(page, encoding="utf-8")


def versions() -> dict[str, str]:
    """Versions of what a result depends on."""
    names = ("jax", "jaxlib", "equinox", "numpy", "scipy", "xarray")
    return {"fieldwright": __version__} | {name: metadata.version(name) for name in names}


def _write_json(path: Path, record: dict[str, Any]) -> None:
    text = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _write_netcdf(results: Results, path: Path) -> None:
    data = results.outcome.dataset()
    data.attrs = {
        "title": results.study.title,
        "study": json.dumps(results.study.resolved(), ensure_ascii=False),
        "versions": json.dumps(versions()),
        "published": json.dumps(results.record["published"], ensure_ascii=False),
    }
    if results.study.source:
        data.attrs["source"] = results.study.source
    # Through memory, so that a full disk is an ordinary error and not one inside HDF5.
    buffer = io.BytesIO()
    data.to_netcdf(buffer, engine="h5netcdf")
    path.write_bytes(buffer.getbuffer())


def _write_figures(results: Results, folder: Path) -> dict[str, bytes]:
    """SVG and PNG of each figure; returns the SVG by name."""
    import matplotlib

    folder.mkdir()
    pictures = {}
    with matplotlib.rc_context({"svg.hashsalt": _HASH_SALT, "font.size": 10}):
        for drawing in results.drawings:
            figure = drawing.draw()
            path = folder / f"{drawing.name}.svg"
            # The layout of the PNG, whose text is of whole pixels, does for the SVG, too.
            figure.savefig(path.with_suffix(".png"), dpi=130)
            figure.set_layout_engine("none")
            figure.savefig(path, metadata={"Date": None})
            pictures[drawing.name] = path.read_bytes()
    return pictures
