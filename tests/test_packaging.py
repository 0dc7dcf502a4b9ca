"""The two commands of the README, and what ships with the package."""

import os
import shutil
import subprocess
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

from core import resources
from core.errors import ShellsightError

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
MIB = 2**20


def _executable(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def _bash(script: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a script that has the functions of packaging/setup.sh."""
    return subprocess.run(
        ["bash", "-c", f"set -euo pipefail; source {ROOT}/packaging/setup.sh; {script}"],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("script", ["packaging/run", "packaging/test", ".ci/run"])
def test_the_commands_are_executable_bash(script):
    assert os.access(ROOT / script, os.X_OK)
    assert subprocess.run(["bash", "-n", ROOT / script]).returncode == 0


def test_missing_libraries_without_root_name_the_exact_command(tmp_path):
    _executable(
        tmp_path / "ldconfig", "printf '\\tlibhere.so.1 (libc6,x86-64) => /libhere.so.1\\n'"
    )
    _executable(tmp_path / "id", "echo 1000")
    _executable(tmp_path / "sudo", "exit 1")
    _executable(tmp_path / "apt-get", "exit 3")
    done = _bash(
        "need_libraries libhere.so.1=here1 libgone.so.2=gone2 libaway.so.1=away1",
        PATH=f"{tmp_path}:{os.environ['PATH']}",
    )
    assert done.returncode == 1
    assert "sudo apt-get install --no-install-recommends gone2 away1" in done.stderr


def test_libraries_that_are_there_ask_for_nothing(tmp_path):
    _executable(
        tmp_path / "ldconfig", "printf '\\tlibhere.so.1 (libc6,x86-64) => /libhere.so.1\\n'"
    )
    _executable(tmp_path / "apt-get", "exit 3")
    done = _bash("need_libraries libhere.so.1=here1", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert (done.returncode, done.stderr) == (0, "")


def test_torch_is_installed_first_and_only_once(tmp_path):
    calls = tmp_path / "calls"
    _executable(tmp_path / "venv/bin/python", f'echo "$@" >>{calls}')
    for _ in range(2):
        done = _bash("install_shellsight app", SHELLSIGHT_VENV=str(tmp_path / "venv"))
        assert done.returncode == 0, done.stderr
    installs = [line for line in calls.read_text().splitlines() if " install " in line]
    pin = next(need for need in PROJECT["project"]["dependencies"] if need.startswith("torch"))
    assert len(installs) == 2
    assert installs[0].endswith(pin)
    assert installs[1].endswith(f"{ROOT}[app]")


def test_a_folder_that_is_no_environment_is_left_alone(tmp_path):
    keep = tmp_path / "thesis.tex"
    keep.write_text("years of work")
    done = _bash("install_shellsight app", SHELLSIGHT_VENV=str(tmp_path))
    assert done.returncode == 1
    assert "no virtual environment" in done.stderr
    assert keep.read_text() == "years of work"


def test_the_version_is_the_same_everywhere():
    stated = PROJECT["project"]["version"]
    assert version("shellsight") == stated
    assert f"version: {stated}\n" in (ROOT / "CITATION.cff").read_text()


def test_shipped_files_are_found_and_small():
    assert resources.icon_path().is_file()
    assert resources.sample_path().stat().st_size <= 12 * MIB
    weights = list(resources.models_path().glob("**/*.safetensors"))
    assert weights
    assert all(file.stat().st_size <= 25 * MIB for file in weights)


def test_the_wheel_carries_the_shipped_files_where_they_are_looked_for(tmp_path, monkeypatch):
    shipped = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert shipped == {"resources": "core/_resources"}
    package = tmp_path / "core"
    (package / "_resources").mkdir(parents=True)
    monkeypatch.setattr(resources, "_PACKAGE", package)
    assert resources.resources_path() == package / "_resources"


def test_an_incomplete_installation_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "core")
    with pytest.raises(ShellsightError, match="install it again"):
        resources.resources_path()


@pytest.mark.skipif(
    shutil.which("desktop-file-validate") is None, reason="desktop-file-validate is not installed"
)
def test_the_desktop_entry_is_valid():
    entry = ROOT / "packaging/shellsight.desktop"
    assert subprocess.run(["desktop-file-validate", entry]).returncode == 0
