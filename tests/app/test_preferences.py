"""Preferences: read from whatever is stored, put into effect at once, shown in a dialog."""

from __future__ import annotations

import math
import os
from dataclasses import asdict, fields, replace

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QGuiApplication

from app.document import Document
from app.events import UnitsChanged
from app.forecasts.forecasting import Choice
from app.preferences import preferences
from app.preferences.display_units import DENSITY
from app.preferences.preferences import LIMITS, Preferences, read
from app.preferences.preferences_dialog import PreferencesDialog
from app.settings import Settings
from app.theme import Theme
from core import cube_cache
from core.constants import NH_PER_DENSITY
from core.cube_cache import LIMIT_VARIABLE

OTHER = Preferences("light", "number", "thin-shell", 100, 3, 60)


@pytest.fixture(autouse=True)
def own_environment(monkeypatch, tmp_path):
    """What is put into effect here is undone afterwards."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in (LIMIT_VARIABLE, preferences.THREADS_VARIABLE):
        monkeypatch.setenv(name, os.environ.get(name, "1"))
    monkeypatch.setattr(preferences, "_STATED_CACHE", None)


# -- without a window ------------------------------------------------------------


def test_what_is_stored_comes_back_field_by_field(tmp_path):
    path = str(tmp_path / "settings.ini")
    store = QSettings(path, QSettings.Format.IniFormat)
    settings = Settings(store)
    assert settings.preferences == Preferences()
    assert all(
        getattr(OTHER, field.name) != getattr(Preferences(), field.name)
        for field in fields(Preferences)
    )
    settings.preferences = OTHER
    settings.sync()
    # From the file, where numbers are text.
    again = Settings(QSettings(path, QSettings.Format.IniFormat))
    assert again.preferences == OTHER
    assert again.theme == "light"


@pytest.mark.parametrize(
    "stored",
    [
        {"theme": "purple", "density_unit": "kg", "network": ""},
        {"cache_mb": "many", "threads": None, "autosave_s": [1]},
        {"theme": 3, "network": 5},
        {},
    ],
)
def test_nonsense_counts_as_unsaid(stored):
    assert read(stored) == Preferences()


def test_numbers_stay_within_their_limits():
    found = read({name: 10**9 for name in LIMITS})
    assert all(getattr(found, name) == high for name, (_, high) in LIMITS.items())
    found = read({name: "-4" for name in LIMITS})
    assert all(getattr(found, name) == low for name, (low, _) in LIMITS.items())
    assert read(asdict(OTHER)) == OTHER


def test_densities_are_written_in_either_unit():
    mass, number = DENSITY["mass"], DENSITY["number"]
    assert mass.text(1.4) == "1.4 M⊙ pc⁻³"
    assert number.text(1.0) == f"{NH_PER_DENSITY:.3g} cm⁻³"
    assert number.text(1.0, symbol=True).startswith("n_H = ")
    assert mass.text(2.5e-5) == "2.50e−05 M⊙ pc⁻³"
    assert mass.text(math.nan) == "–"
    assert 10**number.log_shift == pytest.approx(NH_PER_DENSITY)
    assert mass.log_shift == 0.0


def test_a_document_tells_of_another_unit_once():
    document, told = Document(), []
    document.subscribe(UnitsChanged, told.append)
    document.show_density_in("number")
    document.show_density_in("number")
    assert len(told) == 1
    assert document.density_display.unit == "cm⁻³"
    document.close()
    assert document.density_display.unit == "cm⁻³"


def test_the_cache_obeys_unless_the_environment_has_spoken(monkeypatch):
    preferences.use_cache(300)
    assert cube_cache.limit_bytes() == 300_000_000
    monkeypatch.setattr(preferences, "_STATED_CACHE", "50")
    monkeypatch.setenv(LIMIT_VARIABLE, "50")
    preferences.use_cache(300)
    assert cube_cache.limit_bytes() == 50_000_000


def test_threads_are_set_and_given_back():
    import torch

    before = torch.get_num_threads()
    try:
        preferences.use_threads(3)
        assert torch.get_num_threads() == 3
        assert os.environ[preferences.THREADS_VARIABLE] == "3"
        preferences.use_threads(0)
        assert torch.get_num_threads() == preferences.automatic_threads()
    finally:
        torch.set_num_threads(before)


def test_emptying_the_cache_frees_what_was_used():
    folder = cube_cache.cache_directory()
    folder.mkdir(parents=True)
    (folder / "a.npz").write_bytes(b"x" * 1000)
    (folder / "notes.txt").write_text("not ours")
    assert cube_cache.used_bytes() == 1000
    assert cube_cache.empty() == 1000
    assert cube_cache.used_bytes() == 0
    assert (folder / "notes.txt").exists()
    assert cube_cache.empty() == 0


# -- the theme -------------------------------------------------------------------


def test_the_theme_follows_the_system_when_asked_to(qapp):
    theme = Theme("system")
    hints = QGuiApplication.styleHints()
    hints.colorSchemeChanged.emit(Qt.ColorScheme.Light)
    assert (theme.choice, theme.name) == ("system", "light")
    hints.colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert theme.name == "dark"
    theme.apply("light")
    hints.colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert theme.name == "light"


# -- the dialog ------------------------------------------------------------------

MODELS = [Choice("unet-32", "unet-32"), Choice("thin-shell", "Thin shell")]


@pytest.fixture
def dialog(qtbot):
    shown = PreferencesDialog(Preferences(), MODELS)
    qtbot.addWidget(shown)
    shown.show()
    return shown


def test_each_change_is_told_at_once(qtbot, dialog):
    told = []
    dialog.changed.connect(told.append)
    dialog.units.setCurrentIndex(dialog.units.findData("number"))
    assert told[-1] == Preferences(density_unit="number")
    dialog.theme.setCurrentIndex(dialog.theme.findData("system"))
    dialog.network.setCurrentIndex(dialog.network.findData("thin-shell"))
    dialog.threads.setValue(2)
    dialog.autosave.setValue(0)
    dialog.cache.setValue(500)
    assert told[-1] == Preferences("system", "number", "thin-shell", 500, 2, 0)
    assert dialog.autosave.text() == "Never"
    dialog.reset.click()
    assert told[-1] == Preferences() == dialog.preferences
    assert dialog.theme.currentData() == "dark"
    assert len(told) == 7


def test_a_model_that_is_gone_stays_chosen_and_is_said_to_be(qtbot):
    shown = PreferencesDialog(replace(Preferences(), network="my-net"), MODELS)
    qtbot.addWidget(shown)
    assert shown.network.currentData() == "my-net"
    assert "not there" in shown.network.currentText()


def test_a_cache_stated_by_the_environment_cannot_be_changed(qtbot, monkeypatch):
    monkeypatch.setattr(preferences, "_STATED_CACHE", "50")
    shown = PreferencesDialog(Preferences(), MODELS)
    qtbot.addWidget(shown)
    assert not shown.cache.isEnabled()
    assert LIMIT_VARIABLE in shown.cache.toolTip()


def test_the_button_empties_the_cache(qtbot, dialog):
    assert not dialog.empty.isEnabled()
    folder = cube_cache.cache_directory()
    folder.mkdir(parents=True)
    (folder / "a.npz").write_bytes(b"x" * 2_000_000)
    shown = PreferencesDialog(Preferences(), MODELS)
    qtbot.addWidget(shown)
    assert shown.used.text() == "2 MB are used"
    shown.empty.click()
    assert not list(folder.glob("*.npz"))
    assert shown.used.text() == "Nothing is kept now"


# -- in the window ---------------------------------------------------------------


def test_preferences_take_effect_in_the_window(qtbot, window, sample_file):
    from tests.app.test_window import wait_idle

    window.open_paths([sample_file])
    wait_idle(qtbot, window)
    facts = window.facts._rows["mean"][1]
    assert "pc⁻³" in facts.full_text
    window.actions_["preferences"].trigger()
    shown = window.findChild(PreferencesDialog)
    shown.units.setCurrentIndex(shown.units.findData("number"))
    assert "cm⁻³" in facts.full_text
    bar = window.centre.columns["truth"].bar
    assert "cm⁻³" in bar.toolTip()
    shown.theme.setCurrentIndex(shown.theme.findData("light"))
    assert window.theme.name == "light"
    assert window.actions_["light"].isChecked()
    shown.close()
    assert window.settings.preferences == Preferences("light", "number")
    window.forecast_panel.set_networks(MODELS)
    assert window.forecast_panel.model == "unet-32"
    window.housekeeping.prefer(replace(Preferences(), network="thin-shell"))
    assert window.forecast_panel.model == "thin-shell"
