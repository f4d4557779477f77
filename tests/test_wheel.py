"""The wheel holds what it needs, and proves from outside the repository."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

from prover.lean.toolchain import Lean

ROOT = Path(__file__).parents[1]
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]


OUTSIDE = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by the hatchling of this environment."""
    folder = tmp_path_factory.mktemp("wheel")
    offline = ["--no-deps", "--no-index", "--no-build-isolation"]
    run(*PIP, "wheel", *offline, "--wheel-dir", folder, ROOT, cwd=folder)
    (built,) = folder.glob("prover-*.whl")
    return built


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that has the wheel. It borrows our dependencies; paths that our
    packages add, of which the repository is one, do not come along."""
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder, with_pip=False)
    programs = folder / "bin"
    own = sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)})
    theirs = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (Path(own) / "borrowed.pth").write_text("\n".join(sorted(theirs)), encoding="utf-8")
    install = ["install", "--no-deps", "--no-index", "--force-reinstall"]
    run(*PIP, "--python", programs / "python", *install, wheel, cwd=folder)
    return programs


def test_it_holds_what_it_needs_and_no_tests(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = archive.namelist()
    needed = {
        "lean/Gym.lean",
        "lean/Judge.lean",
        "lean/Warmup.lean",
        "informal/language/grammar.lark",
        "lean/run_lean.cjs",
        "py.typed",
        "models/small/model.safetensors",
        "models/small/tokenizer.json",
        "models/small/config.json",
        "evaluate/known_wrong.json",
        "data/theorems/held_out.jsonl",
        "render/templates/page.html",
        "render/tree.mjs",
        "train/configs/one_gpu.yaml",
    }
    assert {f"prover/{name}" for name in needed} | {"search/py.typed"} <= set(names)
    roots = {name.partition("/")[0] for name in names}
    assert {root for root in roots if not root.endswith(".dist-info")} == {"prover", "search"}
    assert [name for name in names if "test" in name or "__pycache__" in name] == []
    for name in ("Gym.lean", "Judge.lean", "Warmup.lean"):
        with ZipFile(wheel) as archive:
            assert (
                archive.read(f"prover/lean/{name}") == (ROOT / "lean_project" / name).read_bytes()
            )


def test_it_proves_from_outside_the_repository(elsewhere: Path, lean: Lean, tmp_path: Path) -> None:
    where = "import prover, search; print(prover.__file__); print(search.__file__)"
    for place in run(elsewhere / "python", "-c", where, cwd=tmp_path, env=OUTSIDE).split():
        assert Path(place).is_relative_to(elsewhere.parent)
    statement = "theorem t (a b : Nat) : a + b = b + a"
    chosen = ["--lean", "embedded", "--model", "none"]
    out = run(elsewhere / "prover", "prove", statement, *chosen, cwd=tmp_path, env=OUTSIDE)
    assert "proved t" in out
