"""What may import what; the contracts are in pyproject.toml."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

_LISTEN = """
import sys, {module}
print(sorted(name for name in {heavy!r} if name in sys.modules))
"""


def _loaded_by(module: str, heavy: tuple[str, ...]) -> str:
    """Which of the heavy packages a fresh interpreter loads with a module."""
    script = _LISTEN.format(module=module, heavy=heavy)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_import_contracts_hold():
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_importing_core_is_cheap():
    assert _loaded_by("core", ("torch", "PySide6", "vtkmodules", "pyvista", "matplotlib")) == "[]"


def test_the_command_line_loads_no_window_and_no_torch():
    assert _loaded_by("core.cli", ("torch", "PySide6", "vtkmodules", "pyvista", "app")) == "[]"


def test_the_documents_state_is_free_of_qt():
    heavy = ("PySide6", "vtkmodules", "pyvista", "torch")
    assert _loaded_by("app.document, app.view_state", heavy) == "[]"
