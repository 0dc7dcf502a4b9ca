"""What the forecast panel asks for: cards, comparisons, forecasts again, live mode."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from app.document import Document
from app.forecasts.card_dialog import CardDialog
from app.forecasts.compare_dialog import CompareDialog
from app.forecasts.forecast_request import ForecastRequest
from app.forecasts.live import Live
from app.forecasts.live_input import LiveInput
from app.panels.forecast import ForecastPanel
from app.theme import Theme
from app.views.columns import Column
from app.workflow import Workflow


class ForecastDesk(QObject):
    """Connects the forecast panel to what does its work.

    Parameters
    ----------
    window : QWidget
        Parent of the dialogs.
    document : Document
        The forecasts.
    workflow : Workflow
        Measures them.
    live : Live
        Forecasts that follow the mouse.
    panel : ForecastPanel
        The panel.
    column : Column
        The views of the forecast.
    theme : Theme
        The look.
    forecast : callable
        Forecasts with the settings of the panel.
    """

    def __init__(
        self,
        window: QWidget,
        document: Document,
        workflow: Workflow,
        live: Live,
        panel: ForecastPanel,
        column: Column,
        theme: Theme,
        forecast: Callable[[], object],
    ) -> None:
        super().__init__(window)
        self._window, self._document, self._theme = window, document, theme
        self._live, self._panel, self._forecast = live, panel, forecast
        self._input = LiveInput(live, column)
        self._comparison: CompareDialog | None = None
        panel.card_requested.connect(self.show_card)
        panel.settings_changed.connect(self._on_settings)
        panel.forecasts.compare_requested.connect(self.compare)
        panel.forecasts.again_requested.connect(self.forecast_again)
        panel.live.toggled.connect(self.set_live)
        panel.live.keep_requested.connect(live.keep)
        panel.live.centre_requested.connect(lambda: live.move_to((0.0, 0.0, 0.0)))
        live.changed.connect(self._on_live)
        live.said.connect(self._say)
        live.kept.connect(workflow.measure_missing)

    # -- dialogs ---------------------------------------------------------------

    def show_card(self) -> None:
        """Show what there is to know of the model chosen."""
        choice = self._panel.choice
        if choice is not None and choice.card:
            dialog = CardDialog(choice.label, choice.card, self._window)
            dialog.finished.connect(dialog.deleteLater)
            dialog.open()

    def compare(self) -> None:
        """Show the figures of all forecasts side by side."""
        if self._comparison is None:
            self._comparison = CompareDialog(self._document, self._theme, self._window)
        self._comparison.refresh()
        self._comparison.show()
        self._comparison.raise_()

    # -- forecasts -------------------------------------------------------------

    def forecast_again(self, id: int) -> None:
        """Forecast with the settings of a forecast that is kept."""
        request = next((one.request for one in self._document.forecasts if one.id == id), None)
        if request is not None:
            self._panel.choose(request)
            self._forecast()

    @property
    def request(self) -> ForecastRequest:
        """The settings of the panel."""
        return self._panel.request

    # -- live mode -------------------------------------------------------------

    def set_live(self, on: bool) -> None:
        """Enter or leave live mode."""
        if not on:
            self._live.leave()
        elif self._panel.model:
            self._live.enter(self.request)
        self._panel.set_live(self._live.is_on)

    def _on_settings(self) -> None:
        if self._live.is_on and self._panel.model:
            self._live.ask(self.request)

    def _on_live(self, on: bool) -> None:
        self._panel.set_live(on)

    def _say(self) -> None:
        live = self._live
        self._panel.live.show_state(live.site, live.around, live.pace, complete=live.is_complete)
