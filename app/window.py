"""The window: panels around the views, and what each command does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QEvent
from PySide6.QtGui import (
    QCloseEvent,
    QIcon,
)
from PySide6.QtWidgets import QMainWindow

from app import docks
from app.actions import Actions
from app.data.dropping import Dropping
from app.data.filing import Filing
from app.data.place import has_choice
from app.data.reading import Reading
from app.data.surveying import Survey
from app.data.watching import Watch
from app.document import Document
from app.editing import Editing
from app.events import (
    ComparisonChanged,
    ForecastChanged,
    LookChanged,
    OverviewChanged,
    PlaceChanged,
    SourceChanged,
    TruthChanged,
)
from app.exports.commands import Exports
from app.exports.plot_exporting import PlotExporting
from app.exports.surface_exporting import SurfaceExporting
from app.figures import ROLES
from app.forecasts import forecasting
from app.forecasts.first_sight import FIRST_LOOK
from app.forecasts.forecast_desk import ForecastDesk
from app.forecasts.forecast_request import ForecastRequest
from app.forecasts.live import Live
from app.garbage import Garbage
from app.guidance.commands import Guidance
from app.jobs import Job, Jobs
from app.long_work import LongWork
from app.notifications import Notice, Notifications
from app.panels import fold
from app.panels.data import DataPanel, FactsPanel
from app.panels.forecast import ForecastPanel
from app.panels.layers import LayersPanel
from app.panels.long_work import LongWorkPanel
from app.panels.measurements import MeasurementsPanel
from app.panels.parts import line
from app.panels.plots import PlotsPanel
from app.panels.site import SitePanel
from app.panels.status import StatusPanel
from app.panels.timeline import TimelinePanel
from app.panels.transfer import TransferPanel
from app.preferences.appearance import Appearance
from app.preferences.housekeeping import Housekeeping
from app.sessions.commands import Sessions
from app.sessions.recovery import Recovery
from app.settings import Settings
from app.supernova.commands import Supernova
from app.theme import Theme
from app.topbar import TopBar
from app.training.evaluation import Evaluation
from app.training.fine_tuning import Training
from app.views.arrangement import Arrangement
from app.views.centre import Centre
from app.views.layering import Layering
from app.views.plane_dragging import PlaneDragging
from app.views.prefetch import Prefetch
from app.views.probing import Probing
from app.workflow import Workflow
from core.resources import icon_path, sample_path

if TYPE_CHECKING:
    from app.data.source import OpenRequest
    from core.units import UnitSystem


class Controller(Protocol):
    """Does some of the commands of the window."""

    def commands(self) -> dict[str, Callable[..., object]]:
        """Return what each command does, by its key in `actions.COMMANDS`."""
        ...

    def enabled(self) -> dict[str, bool]:
        """Return which of them make sense now; the others always do."""
        ...


class Window(QMainWindow):
    """Everything the user sees.

    Parameters
    ----------
    settings : Settings, optional
        What is remembered between runs.
    theme : Theme, optional
        The look; by default the one remembered.
    notifications : Notifications, optional
        Where errors arrive.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        theme: Theme | None = None,
        notifications: Notifications | None = None,
    ) -> None:
        super().__init__()
        self.settings = settings or Settings()
        self.theme = theme or Theme(self.settings.theme)
        self.theme.apply()
        self.notifications = notifications or Notifications(self)
        self._choices_listed = False
        self.document = Document()
        self.garbage = Garbage(self)
        self.jobs = Jobs(self)
        parts = (self.document, self.jobs, self.notifications)
        self.reading = Reading(*parts, self.settings, self)
        self.survey = Survey(*parts, self)
        self.watch = Watch(*parts, self)
        self.workflow = Workflow(*parts, self)
        self.live = Live(*parts, self)
        self.filing = Filing(
            self,
            self.document,
            self.reading,
            self.survey,
            self.watch,
            self.workflow,
            self.notifications,
            self.settings,
            self.sample_path,
            lambda path: self.sessions.open(path),
        )
        self.editing = Editing(self.document, self.notifications, self)
        self.sessions = Sessions(self)
        self.recovery = Recovery(self, self.sessions)
        self.appearance = Appearance(self.theme, self.settings, self)
        self.housekeeping = Housekeeping(self, self.document, self.settings, self.theme)
        self.housekeeping.changed.connect(lambda new: self.recovery.set_interval(new.autosave_s))
        self.guidance = Guidance(self, self.document, self.settings, self.theme)
        self.plot_exporting = PlotExporting(self, *parts, self.settings)
        self.exports = Exports(self)
        self.surface_exporting = SurfaceExporting(self, *parts, self.settings)
        self.arrangement = Arrangement(self.document, lambda: self.centre, self)
        self.long_work = LongWork(self.jobs, self.notifications, self)
        self.supernova = Supernova(self, *parts, self.settings, self.theme, self.long_work)
        self.evaluation = Evaluation(
            self,
            self.notifications,
            self.settings,
            self.long_work,
            lambda: self.forecast_panel.models,
        )
        self.training = Training(
            self,
            self.jobs,
            self.notifications,
            self.settings,
            self.theme,
            self.long_work,
            lambda: self.forecast_panel.models,
        )
        self.controllers: tuple[Controller, ...] = (
            self.supernova,
            self.evaluation,
            self.training,
            self.filing,
            self.arrangement,
            self.plot_exporting,
            self.exports,
            self.surface_exporting,
            self.editing,
            self.sessions,
            self.recovery,
            self.appearance,
            self.housekeeping,
            self.guidance,
        )
        self.setWindowTitle("Shellsight")
        icon = QIcon(str(icon_path()))
        self.setWindowIcon(icon)
        self.setMinimumSize(960, 600)
        self.actions_ = Actions(self._handlers(), self.theme, self)
        self.editing.name_in(self.actions_)
        self.top = TopBar(self.actions_, icon)
        self.setMenuWidget(self.top)
        self.centre = Centre(self.document, self.theme)
        self.setCentralWidget(self.centre)
        views = {role: self.centre.columns[role].view for role in ROLES}
        self.layering = Layering(self.document, self.jobs, self.notifications, views, self)
        self._make_panels()
        self._make_docks()
        self.dropping = Dropping(self, self.theme)
        self._connect()
        self._restore()
        self._refresh()

    # -- building ------------------------------------------------------------

    def _make_panels(self) -> None:
        document, theme = self.document, self.theme
        self.data = DataPanel(document, self.settings, theme)
        self.data.add_tool(self.actions_["watch"])
        self.site = SitePanel(document, theme)
        self.layers = LayersPanel(document, theme)
        self.facts = FactsPanel(document)
        self.forecast_panel = ForecastPanel(document, theme)
        self.transfer = TransferPanel(document, theme)
        self.measurements = MeasurementsPanel(document, theme)
        self.timeline = TimelinePanel(document, theme)
        self.plots = PlotsPanel(document, theme)
        self.status = StatusPanel(document, self.jobs, theme)
        self.prefetch = Prefetch(document, self.jobs, self.centre.drawn, self)
        self.probing = Probing(document, self.centre, self.status.show_probe, self)
        self.planes = PlaneDragging(document, self.centre, self)
        self.statusBar().addWidget(self.status, 1)
        self.undertaking = LongWorkPanel(self.long_work, theme)
        self.statusBar().addPermanentWidget(self.undertaking)
        self.statusBar().setSizeGripEnabled(False)
        self.statusBar().setFixedHeight(25)

    def _make_docks(self) -> None:
        left = docks.stack(self.data, self.site, self.layers, self.facts, stretch=0)
        right = docks.stack(self.forecast_panel, self.transfer, self.measurements, stretch=2)
        bottom = docks.stack(self.timeline, line(), self.plots, stretch=2)
        contents = {"left": docks.scrolled(left), "right": docks.scrolled(right), "bottom": bottom}
        self.docks = docks.add_docks(self, contents)

    def _connect(self) -> None:
        document, workflow = self.document, self.workflow
        reading, filing = self.reading, self.filing
        survey, watch = self.survey, self.watch
        self.notifications.raised.connect(self._on_notice)
        self.centre.start_page.open_requested.connect(filing.choose_file)
        self.centre.start_page.folder_requested.connect(filing.choose_folder)
        self.centre.start_page.sample_requested.connect(self.open_sample)
        self.centre.start_page.supernova_requested.connect(self.supernova.show_dialog)
        self.supernova.forecast_wanted.connect(self._forecast_energy)
        self.supernova.measure_wanted.connect(workflow.measure)
        self.supernova.opening_wanted.connect(lambda path: self.open_paths([path]))
        self.training.model_ready.connect(self.forecast_panel.add_network)
        self.undertaking.show_requested.connect(self._show_undertaking)
        self.centre.start_page.path_requested.connect(lambda path: self.open_paths([path]))
        self.dropping.dropped.connect(self.open_paths)
        self.dropping.hovered.connect(self.status.set_hint)
        self.centre.picked.connect(self.survey.pick)
        self.centre.site_chosen.connect(self.site.choose_site)
        self.data.open_requested.connect(filing.choose_file)
        self.data.path_requested.connect(lambda path: self.open_paths([path]))
        self.data.control_requested.connect(filing.choose_control_folder)
        self.data.save_requested.connect(filing.choose_save_forecast)
        self.data.trajectory_requested.connect(filing.choose_trajectory)
        self.data.forget_requested.connect(self._forget)
        self.site.cut_requested.connect(reading.cut)
        self.site.choose_requested.connect(survey.choose_place)
        self.site.find_requested.connect(survey.find_sites)
        self.site.list_requested.connect(filing.choose_sites)
        self.site.said.connect(self.notifications.info)
        self.forecast_desk = ForecastDesk(
            self,
            document,
            workflow,
            self.live,
            self.forecast_panel,
            self.centre.columns["forecast"],
            self.theme,
            self.forecast,
        )
        self.forecast_panel.forecasts.save_requested.connect(filing.choose_save_forecast)
        self.live.changed.connect(self._on_live)
        self.forecast_panel.forecast_requested.connect(self.forecast)
        self.forecast_panel.cancel_requested.connect(workflow.cancel)
        self.measurements.export_requested.connect(filing.choose_export)
        self.measurements.copied.connect(
            lambda: self.notifications.info("The table is on the clipboard.")
        )
        self.plots.export_requested.connect(self.plot_exporting.choose)
        self.probing.changed.connect(self.actions_["ruler"].setChecked)
        self.probing.changed.connect(lambda _: self._refresh())
        self.timeline.dragged.connect(self.centre.set_coarse)
        self.transfer.dragged.connect(self.centre.set_coarse)
        self.top.recent.aboutToShow.connect(lambda: filing.fill_recent(self.top.recent))
        reading.forecast_wanted.connect(self.forecast)
        reading.measure_wanted.connect(workflow.measure)
        watch.measure_wanted.connect(workflow.measure)
        watch.changed.connect(self.actions_["watch"].setChecked)
        survey.said.connect(self.status.say)
        survey.cut_wanted.connect(reading.cut)
        workflow.forecast_ended.connect(self._on_forecast_ended)
        self.jobs.changed.connect(self._refresh)
        self.jobs.progressed.connect(self._on_progress)
        for event in (
            SourceChanged,
            TruthChanged,
            ForecastChanged,
            ComparisonChanged,
            PlaceChanged,
            OverviewChanged,
        ):
            document.subscribe(event, lambda _: self._refresh())
        document.subscribe(LookChanged, lambda _: self._show_look())
        self.appearance.show_in(self.actions_, self.top.theme_button)
        self.guidance.offer(
            self.actions_, lambda path: self.open_paths([path]), self.forecast_panel
        )
        self.housekeeping.choose_model_in(self.forecast_panel)
        self.housekeeping.threads_changed.connect(self._list_choices_again)
        self._show_look()

    def _restore(self) -> None:
        geometry, state = self.settings.geometry("geometry"), self.settings.geometry("docks")
        if geometry is None or not self.restoreGeometry(geometry):
            available = self.screen().availableGeometry()
            self.resize(min(1600, available.width()), min(1000, available.height()))
        if state is None or not self.restoreState(state):
            docks.set_first_sizes(self, self.docks)
        self.show_docks()
        fold.set_open_folds(self, self.settings.open_folds)

    def show_docks(self) -> None:
        """Show in the menu which panels there are."""
        for name, dock in self.docks.items():
            self.actions_[name].setChecked(not dock.isHidden())

    def _handlers(self) -> dict[str, Callable[..., object]]:
        return {
            **{k: do for part in self.controllers for k, do in part.commands().items()},
            "copy_table": lambda: self.measurements.copy(),
            "cut_out": lambda: self.site.request_cut(),
            "choose_place": self.survey.choose_place,
            "find_sites": self.survey.find_sites,
            "quit": self.close,
            "forecast": self.forecast,
            "cancel": self.cancel,
            "live": self._toggle_live,
            "compare": lambda: self.forecast_desk.compare(),
            "ruler": lambda on: self.probing.set_measuring(on),
            "plane_back": lambda: self.planes.step(-1),
            "plane_on": lambda: self.planes.step(1),
            "play": lambda: self.timeline.toggle(),
            "step_back": lambda: self.timeline.step(-1),
            "step_on": lambda: self.timeline.step(1),
            "first": lambda: self.timeline.go_to_end(-1),
            "last": lambda: self.timeline.go_to_end(1),
            "reset_camera": lambda: self.centre.reset_camera(),
            "link": lambda on: self.document.change_look(linked=on),
            "cut": lambda on: self.document.change_layers(cut=on),
            "overlay": lambda on: self.document.change_layers(ROLES, overlay=on),
            "slices": lambda on: self.document.change_look(slices=on),
            "left": lambda on: self.docks["left"].setVisible(on),
            "bottom": lambda on: self.docks["bottom"].setVisible(on),
            "right": lambda on: self.docks["right"].setVisible(on),
            "full_screen": lambda on: self.showFullScreen() if on else self.showNormal(),
        }

    # -- opening -------------------------------------------------------------

    def start(self, request: OpenRequest | None = None) -> None:
        """Begin: list networks and devices, open the files given or the sample.

        Parameters
        ----------
        request : OpenRequest, optional
            What to open, and how; without, the sample is opened and forecast,
            unless the program crashed: then what was open is offered.
        """
        crashed = self.recovery.look()
        opening: Job | None = None
        if request is not None:
            opening = self.filing.open(request)
        elif not crashed:
            opening = self.open_sample()
        if opening is None:
            self.recovery.offer()
            self._list_choices()
            return
        if crashed:
            # What is said of one file goes when another is there.
            opening.done.connect(self.recovery.offer)
        # Not before there is something to look at: importing torch takes a while.
        opening.published.connect(lambda _: self._list_choices())
        opening.done.connect(self._list_choices)

    def _list_choices(self) -> None:
        if self._choices_listed or not self.isVisible():
            return
        self._choices_listed = True
        job = self.jobs.create("set up", lambda reporter: forecasting.choices(reporter.progress))
        job.finished.connect(self._on_choices)
        job.failed.connect(lambda error: self.notifications.error(error, "Starting"))
        job.start()

    def _list_choices_again(self) -> None:
        """List the devices as they are now, if they were listed before."""
        if self._choices_listed:
            self._choices_listed = False
            self._list_choices()

    def open_paths(self, paths: Sequence[Path], units: UnitSystem | None = None) -> Job | None:
        """Open a file, a directory, or several files of one run."""
        return self.filing.open_paths(paths, units)

    def sample_path(self) -> Path:
        """Return where the shipped sample is."""
        return sample_path()

    def open_sample(self) -> Job | None:
        """Open the sample and forecast it."""
        return self.filing.open_sample()

    def open_control(self, path: Path) -> Job | None:
        """Attach a control run to the truth."""
        return self.filing.open_control(path)

    def _forget(self, path: Path | None) -> None:
        self.settings.forget_recent(path)
        self.data.refresh()
        self._refresh()

    # -- forecasting -----------------------------------------------------------

    def forecast(self) -> Job | None:
        """Forecast with the settings of the panel, unless a forecast goes on."""
        if self.jobs.running("forecast") is not None:
            return None
        panel = self.forecast_panel
        request = ForecastRequest(
            panel.model, panel.device_key, panel.averaging_count, panel.energy_erg
        )
        job = self.workflow.forecast(request)
        if job is not None:
            job.finished.connect(lambda _: self._show_shell())
        return job

    def _forecast_energy(self, energy_erg: float) -> None:
        """Forecast an explosion of an energy, as near to it as the network knows."""
        self.forecast_panel.energy_field.set_energy(energy_erg)
        self.forecast()

    def _show_undertaking(self, name: str) -> None:
        for part in (self.supernova, self.evaluation, self.training):
            if part.name == name:
                part.show_dialog()

    def cancel(self) -> None:
        """Stop what goes on, or leave the ruler or live mode if nothing does."""
        if self.probing.is_measuring and self.jobs.running() is None:
            self.probing.set_measuring(False)
        elif self.live.is_on and self.jobs.running() is None:
            self.live.leave()
        else:
            self.workflow.cancel()

    def _show_shell(self) -> None:
        """Leave the first frame, where no forecast has a shell yet."""
        times = self.document.times_myr
        if len(times) and self.document.frame == 0 and not self.timeline.is_playing:
            self.document.go_to(float(times[round(FIRST_LOOK * (len(times) - 1))]))

    def _toggle_live(self, on: bool) -> None:
        self.forecast_desk.set_live(on)
        self.actions_["live"].setChecked(self.live.is_on)

    def _on_live(self, on: bool) -> None:
        self.actions_["live"].setChecked(on)
        if on:
            self._show_shell()
        self._refresh()

    def _on_choices(self, choices: tuple) -> None:
        networks, devices = choices
        self.forecast_panel.set_networks(networks)
        self.forecast_panel.set_devices(devices)
        self.garbage.spare()

    def _on_forecast_ended(self, text: str) -> None:
        self._refresh()
        if self.jobs.running("forecast") is None:
            self.forecast_panel.show_done(text)

    def _on_progress(self, job: Job, fraction: float, text: str) -> None:
        if job.name == "forecast":
            self.forecast_panel.show_progress(fraction, text, job.seconds_left)
        elif job.name == "open" and self.document.source is None:
            self.centre.start_page.set_busy(f"{text}…")

    # -- look ----------------------------------------------------------------

    def _refresh(self) -> None:
        """Show what can be done now."""
        document, actions = self.document, self.actions_
        busy = self.jobs.running("forecast") is not None
        if busy != self.forecast_panel.is_busy:
            self.forecast_panel.set_busy(busy)
        self.centre.set_forecasting(busy)
        if self.jobs.running("open") is None:
            self.centre.start_page.set_busy("")
        if document.source is None:
            self.centre.start_page.set_recent(self.settings.recent_files)
        source = document.source
        self.top.title.set_full_text(source.name if source else "")
        self.setWindowTitle(f"{source.name} – Shellsight" if source else "Shellsight")
        working = any(
            self.jobs.running(name)
            for name in ("open", "control", "overview", "sites", "append", "forecast", "export")
        )
        box = source.box if source is not None else None
        enabled = {
            **{k: on for part in self.controllers for k, on in part.enabled().items()},
            **self.probing.enabled(),
            **self.planes.enabled(),
            "forecast": self.live.is_possible and not busy and not self.live.is_on,
            "live": self.live.is_on or (self.live.is_possible and not busy),
            "compare": len(document.forecasts) > 1,
            "cancel": working or self.live.is_on or self.probing.is_measuring,
            "copy_table": bool(document.figures.curves),
            "overlay": document.truth is not None and document.forecast is not None,
            "cut_out": box is not None and not self.site.is_cut,
            "choose_place": box is not None and has_choice(box) and not document.choosing,
            "find_sites": box is not None,
        }
        for key in ("play", "step_back", "step_on", "first", "last"):
            enabled[key] = len(document.times_myr) > 1
        for key, on in enabled.items():
            actions[key].setEnabled(on)

    def _show_look(self) -> None:
        look = self.document.look
        checked = {"cut": look.truth.cut, "slices": look.slices, "link": look.linked}
        checked["overlay"] = look.forecast.overlay
        for name, on in (checked | self.arrangement.checked()).items():
            self.actions_[name].setChecked(on)
        for name, on in (self.arrangement.enabled() | self.planes.enabled()).items():
            self.actions_[name].setEnabled(on)

    def _on_notice(self, notice: Notice) -> None:
        self.centre.notices.show_notice(notice)

    # -- events ----------------------------------------------------------------

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.WindowStateChange and hasattr(self, "actions_"):
            self.actions_["full_screen"].setChecked(self.isFullScreen())
        super().changeEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.long_work.may_close(self):
            event.ignore()
            return
        self.settings.set_geometry("geometry", self.saveGeometry())
        self.settings.set_geometry("docks", self.saveState())
        self.settings.open_folds = fold.open_folds(self)
        self.settings.sync()
        self.timeline.stop()
        self.prefetch.stop()
        self.survey.stop()
        self.editing.stop()
        self.recovery.stop()
        self.watch.set_on(False)
        self.hide()
        self.jobs.shut_down()
        self.garbage.stop()
        self.recovery.close()
        self.centre.close_views()
        event.accept()
