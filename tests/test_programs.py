"""Programs are compiled once: found in memory, then on disk, by everything they depend on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
import threading
import types
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fieldwright
from fieldwright import _program_files, _program_key, _programs
from fieldwright._jax import compiled

SAMPLE = """
import dataclasses, functools, jax, jax.numpy as jnp
from fieldwright._jax import compiled

@compiled
def twice(x):
    return {"twice": 2 * x, "same": (x, None)}

@functools.partial(compiled, static=("power", "how"), options={})
def power(x, power, how=None):
    return x**power

@compiled
def eigenvalues(x):
    return jnp.linalg.eig(x)[0]

@compiled
def told(x):
    jax.debug.callback(lambda y: None, x)
    return x + 1

several = compiled(jax.vmap(power.__wrapped__, in_axes=(0, None)), static=("power",))

@dataclasses.dataclass(frozen=True)
class Way:
    name: str
    parts: tuple = ()
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "programs"
    monkeypatch.setenv(_program_files.VARIABLE, str(folder))
    return folder


@pytest.fixture
def fresh(store: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """Makes a module of the library that remembers nothing, as another process has it."""

    def make() -> Any:
        module = types.ModuleType("fieldwright._sample")
        monkeypatch.setitem(sys.modules, module.__name__, module)
        exec(compile(SAMPLE, "_sample.py", "exec"), module.__dict__)
        return module

    return make


class Counting:
    """What was compiled, stored, loaded and found within a `with`."""

    def __enter__(self) -> Counting:
        self.before = _programs.programs_counted()
        return self

    def __exit__(self, *error: object) -> None:
        after = _programs.programs_counted()
        self.seen = tuple(b - a for a, b in zip(self.before, after, strict=True))


COMPILED, LOADED, FOUND = (1, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)
UNSTORED = (1, 0, 0, 0)


def seen(call: Callable[[], Any]) -> tuple[int, ...]:
    with Counting() as counting:
        call()
    return counting.seen


def test_each_program_is_made_once(fresh: Callable[[], Any]) -> None:
    x = jnp.arange(3.0)
    one = fresh()
    assert seen(lambda: one.twice(x)) == COMPILED
    assert seen(lambda: one.twice(x + 1)) == FOUND
    assert seen(lambda: one.twice(jnp.arange(4.0))) == COMPILED  # another shape
    assert seen(lambda: one.twice(jnp.arange(3))) == COMPILED  # another type
    other = fresh()
    assert seen(lambda: other.twice(x)) == LOADED
    result = other.twice(x)
    np.testing.assert_array_equal(result["twice"], 2 * x)
    assert result["same"][1] is None


def test_static_arguments_are_part_of_it(fresh: Callable[[], Any]) -> None:
    one = fresh()
    for static in (2, True, 3):  # True == 1, of another type
        assert seen(lambda static=static: one.power(2.0, static)) == COMPILED
    assert seen(lambda: one.power(2.0, power=2, how=one.Way("a", (1, None)))) == COMPILED
    assert one.power(2.0, 3) == 8 and one.power(2.0, power=2) == 4
    other = fresh()
    assert seen(lambda: other.power(2.0, 2)) == LOADED
    assert seen(lambda: other.power(2.0, power=2, how=other.Way("a", (1, None)))) == LOADED
    assert seen(lambda: other.power(2.0, power=2, how=other.Way("b"))) == COMPILED


def test_what_has_no_lasting_name_is_kept_in_memory_only(
    fresh: Callable[[], Any], store: Path
) -> None:
    one = fresh()

    class Mine(types.SimpleNamespace):
        """A user's own, whose source is unknown."""

        __hash__ = object.__hash__

    mine = Mine()
    for call in (
        lambda: one.power(2.0, 2, how=mine),
        lambda: one.power(2.0, 2, how=lambda x: x),
        lambda: one.several(jnp.arange(3.0), 2),  # bears the name of what it is made of
        lambda: one.told(1.0),  # calls Python
        lambda: compiled(lambda x: x + 1)(1.0),
    ):
        assert seen(call) == UNSTORED
    assert seen(lambda: one.power(2.0, 2, how=mine)) == FOUND
    assert not list(store.iterdir())


def test_a_user_s_own_class_is_not_stored(fresh: Callable[[], Any]) -> None:
    @jax.tree_util.register_dataclass
    @_dataclass
    class Pair:
        a: Any

        def __mul__(self, other: Any) -> Any:
            return self.a * other

        __rmul__ = __mul__

    assert seen(lambda: fresh().twice(Pair(jnp.arange(3.0)))) == UNSTORED


def _dataclass(kind: type) -> Any:
    import dataclasses

    return dataclasses.dataclass(kind)


@pytest.mark.parametrize(
    "value",
    [1.5, 2, True, 1j, np.float64(1.5), np.float32(1.5), np.int32(2), np.arange(3), jnp.arange(3.0),
     jnp.asarray(2.0), np.arange(3.0, dtype=np.float32), jnp.asarray(2.0) * 1.0],
    ids=lambda value: f"{type(value).__name__}-{getattr(value, 'dtype', '')}",
)  # fmt: skip
def test_every_kind_of_number_gives_what_jit_gives(fresh: Callable[[], Any], value: Any) -> None:
    expected = jax.jit(lambda x: x**2)(value)
    for _ in range(2):  # compiled, then loaded
        module = fresh()
        for _ in range(2):
            found = module.power(value, 2)
            assert (found.aval, float(abs(found).sum())) == (
                expected.aval,
                float(abs(expected).sum()),
            )


def test_what_jit_refuses_is_refused_in_its_words(fresh: Callable[[], Any]) -> None:
    one = fresh()
    with pytest.raises(TypeError, match="as an abstract array"):
        one.twice("text")
    with pytest.raises(ValueError, match="Non-hashable static"):
        one.power(2.0, [2])
    one.twice(1)
    with pytest.raises(OverflowError):
        one.twice(1 << 80)


def test_transformations_see_the_function(fresh: Callable[[], Any]) -> None:
    one = fresh()
    x = jnp.arange(3.0)

    def inside() -> None:
        np.testing.assert_allclose(jax.vmap(jax.grad(lambda y: one.power(y, 3)))(x), 3 * x**2)
        np.testing.assert_allclose(jax.jit(lambda y: one.power(y, 3))(x), x**3)

    assert seen(inside) == (0, 0, 0, 0)
    np.testing.assert_allclose(jax.jit(lambda y: y + one.power(np.arange(3.0), 3))(x), x + x**3)


def test_settings_of_jax_are_part_of_it(fresh: Callable[[], Any]) -> None:
    one, x = fresh(), np.arange(3.0)
    assert seen(lambda: one.twice(x)) == COMPILED
    with jax.default_matmul_precision("float32"):
        assert seen(lambda: one.twice(x)) == COMPILED
    with jax.enable_x64(False):
        assert one.twice(x)["twice"].dtype == np.float32
    with jax.disable_jit(), Counting() as counting:
        one.twice(x)
    assert counting.seen[:3] == (0, 0, 0)
    with jax.debug_nans(True), pytest.raises(FloatingPointError):
        one.power(jnp.array([-1.0]), 0.5)


def test_threads_compile_a_program_once(fresh: Callable[[], Any]) -> None:
    one, gate = fresh(), threading.Barrier(4)

    def call(number: int) -> float:
        gate.wait()
        return float(one.power(float(number), 2))

    with Counting() as counting, ThreadPoolExecutor(4) as threads:
        assert list(threads.map(call, range(4))) == [0, 1, 4, 9]
    assert counting.seen[:3] == COMPILED[:3]


@pytest.mark.parametrize("harm", ["cut", "changed", "foreign", "another key"])
def test_a_bad_file_is_compiled_anew_and_replaced(
    fresh: Callable[[], Any], store: Path, harm: str
) -> None:
    fresh().twice(1.0)
    (file,) = store.iterdir()
    whole = file.read_bytes()
    middle = len(whole) // 2
    file.write_bytes(
        {
            "cut": whole[:middle],
            "changed": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
            "foreign": b"\0" * 100,
            "another key": whole.replace(
                b"fieldwright._sample.twice", b"fieldwright._sample.twicE"
            ),
        }[harm]
    )
    assert seen(lambda: fresh().twice(1.0)) == COMPILED
    assert seen(lambda: fresh().twice(1.0)) == LOADED


@pytest.mark.parametrize("mode", [0o777, 0o722, 0o1777])
def test_a_folder_that_others_can_write_is_refused(
    fresh: Callable[[], Any], store: Path, mode: int
) -> None:
    store.mkdir()
    store.chmod(mode)
    assert seen(lambda: fresh().twice(1.0)) == UNSTORED
    assert not list(store.iterdir())


def test_a_folder_within_one_that_others_can_write_is_refused(
    fresh: Callable[[], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "link").symlink_to(tmp_path / "open")
    for place in ("open/programs", "link/others"):
        monkeypatch.setenv(_program_files.VARIABLE, str(tmp_path / place))
        assert _program_files.folder() is None
        assert seen(lambda: fresh().twice(1.0)) == UNSTORED


def test_a_file_that_others_can_write_is_not_loaded(fresh: Callable[[], Any], store: Path) -> None:
    fresh().twice(1.0)
    (file,) = store.iterdir()
    assert store.stat().st_mode & 0o777 == 0o700 and file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o666)
    assert seen(lambda: fresh().twice(1.0)) == COMPILED


def test_the_store_is_moved_and_turned_off_by_one_variable(
    fresh: Callable[[], Any], store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(_program_files.VARIABLE, "off")
    assert seen(lambda: fresh().twice(1.0)) == UNSTORED
    monkeypatch.setenv(_program_files.VARIABLE, "/proc/nowhere")  # cannot be made
    assert seen(lambda: fresh().twice(1.0)) == UNSTORED
    monkeypatch.delenv(_program_files.VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert seen(lambda: fresh().twice(1.0)) == COMPILED
    assert len(list((tmp_path / "cache/fieldwright/programs").iterdir())) == 1
    assert not store.exists()


def test_a_full_disk_is_no_error(
    fresh: Callable[[], Any], store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any, **kwargs: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_program_files.os, "fdopen", full)
    assert seen(lambda: fresh().twice(1.0)) == UNSTORED
    assert not list(store.iterdir())


def test_the_longest_unused_go_first(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_program_files, "BOUND", 3600)
    for age, key in enumerate("abc"):
        assert _program_files.write(key, bytes(800))
        os.utime(_program_files._path(store, key), (1e9 + age, 1e9 + age))
    assert _program_files.read("a") == bytes(800)  # used just now
    (store / "half").write_bytes(b"")
    os.utime(store / "half", (1e9, 1e9))  # left by a process that was killed
    assert _program_files.write("d", bytes(800))
    assert _program_files.write("e", bytes(800))
    kept = {key for key in "abcde" if _program_files.read(key) is not None}
    assert kept == {"a", "d", "e"} or kept == {"a", "c", "d", "e"}
    assert not (store / "half").exists()
    assert not _program_files.write("f", bytes(3600))  # one for all


def test_programs_of_other_libraries_are_not_stored(store: Path) -> None:
    def settings() -> list[Any]:
        config: Any = jax.config
        return [config.jax_compilation_cache_dir, config.jax_enable_compilation_cache]

    before = settings()
    jax.jit(lambda x: x + 3)(1.0)
    assert settings() == before and not store.exists()


def test_source_is_hashed_by_content(tmp_path: Path) -> None:
    module = tmp_path / "a" / "module.py"
    module.parent.mkdir()
    module.write_text("x = 1\n")
    times = module.stat()
    first = _program_key.source_hash(tmp_path)
    module.write_text("x = 2\n")
    os.utime(module, ns=(times.st_atime_ns, times.st_mtime_ns))
    second = _program_key.source_hash(tmp_path)
    module.rename(tmp_path / "a" / "other.py")
    assert len({first, second, _program_key.source_hash(tmp_path)}) == 3


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A small library of the same name, to be edited and imported by other processes."""
    source, target = Path(fieldwright.__file__).parent, tmp_path / "library" / "fieldwright"
    target.mkdir(parents=True)
    modules = ("__init__", "_jax", "_programs", "_program_key", "_program_files", "_threads")
    for name in modules:
        shutil.copy(source / f"{name}.py", target)
    (target / "sample.py").write_text(SAMPLE)
    return target


PROCESS = """
import jax, numpy as np
from fieldwright import _programs, sample
x = np.array([[2.0, 1.0], [1.0, 2.0]])
results = sample.eigenvalues(x), sample.twice(x)["twice"]
elsewhere = jax.device_put(x, jax.devices()[-1])
print(float(abs(results[0]).sum()), float(sample.twice(elsewhere)["twice"].sum()))
print(*_programs.programs_counted())
"""


def start(package: Path, **changes: str) -> subprocess.Popen[str]:
    changes = {"PYTHONPATH": str(package.parent), "TF_CPP_MIN_LOG_LEVEL": "1"} | changes
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROCESS)],
        env=os.environ | changes,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def said(process: subprocess.Popen[str]) -> list[str]:
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert not errors  # nothing false about processors
    return output.splitlines()


def test_the_next_process_compiles_nothing(package: Path, store: Path) -> None:
    together = [start(package) for _ in range(3)]  # into an empty folder, at the same time
    for process in together:
        assert said(process)[0] == "4.0 12.0"
    names = {file.name for file in store.iterdir()}
    assert len(names) == 2 and all(name.endswith(".program") for name in names)
    assert said(start(package)) == ["4.0 12.0", "0 0 2 1"]


def test_what_jax_keeps_itself_is_not_mistaken_for_compiled(
    package: Path, store: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    settings = {
        "JAX_COMPILATION_CACHE_DIR": str(own),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "3",  # its own loader warns
    }
    assert said(start(package, **settings, FIELDWRIGHT_PROGRAMS="off"))[0] == "4.0 12.0"
    known = {file.name for file in own.iterdir()}
    assert any("eigenvalues" in name for name in known)
    assert said(start(package, **settings)) == ["4.0 12.0", "2 2 0 1"]
    assert not any("kept" in file.name for file in own.iterdir())
    assert said(start(package, **settings)) == ["4.0 12.0", "0 0 2 1"]


def test_another_source_or_another_device_is_another_program(package: Path, store: Path) -> None:
    assert said(start(package)) == ["4.0 12.0", "2 2 0 1"]
    two = start(package, XLA_FLAGS="--xla_force_host_platform_device_count=2")
    sample = (package / "sample.py").read_text()
    assert said(two) == ["4.0 12.0", "2 2 0 1"]
    (package / "sample.py").write_text(sample.replace("2 * x", "3 * x"))
    assert said(start(package)) == ["4.0 18.0", "2 2 0 1"]
