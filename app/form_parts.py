"""Pieces that dialogs with many fields share: numbers, lists, rows, forms."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from app.panels.parts import inset

LABEL_WIDTH = 112


def duration(seconds: float) -> str:
    """Write a time as people say it, no more precisely than it is known."""
    if seconds < 90:
        return f"{max(round(seconds, -1 if seconds > 20 else 0), 1):.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def hint(area: QAbstractScrollArea, text: str) -> QLabel:
    """Say in the middle of a table or plot what will be there.

    Parameters
    ----------
    area : QAbstractScrollArea
        The table or plot.
    text : str
        What to do for it.

    Returns
    -------
    QLabel
        The text; to be hidden once there is something.
    """
    label = QLabel(text)
    label.setObjectName("faint")
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setWordWrap(True)
    label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    QVBoxLayout(area.viewport()).addWidget(label)
    return label


def number(
    low: float, high: float, value: float, decimals: int, tip: str, suffix: str = ""
) -> QDoubleSpinBox:
    """Return a field for a number.

    Parameters
    ----------
    low, high, value : float
        Range and first value.
    decimals : int
        Digits after the point.
    tip : str
        What it is.
    suffix : str
        Its unit.

    Returns
    -------
    QDoubleSpinBox
        The field.
    """
    spin = inset(QDoubleSpinBox())
    spin.setDecimals(decimals)
    spin.setRange(low, high)
    spin.setValue(value)
    spin.setSuffix(suffix)
    spin.setToolTip(tip)
    spin.setAccessibleName(tip)
    spin.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
    return spin


def combo(choices: Iterable[tuple[object, str]], name: str, tip: str) -> QComboBox:
    """Return a list to choose from.

    Parameters
    ----------
    choices : iterable of (object, str)
        What is chosen, and what people read.
    name, tip : str
        Its name for people who do not see it, and its tooltip.

    Returns
    -------
    QComboBox
        The list.
    """
    box = QComboBox()
    for key, text in choices:
        box.addItem(text, key)
    box.setToolTip(tip)
    box.setAccessibleName(name)
    return box


def row(*widgets: QWidget) -> QWidget:
    """Put widgets side by side; the first takes the room there is, or all of many."""
    holder = QWidget()
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(6)
    for place, widget in enumerate(widgets):
        layout.addWidget(widget, 1 if place == 0 or len(widgets) > 2 else 0)
    return holder


def form(*rows: tuple[str, QWidget]) -> QFormLayout:
    """Return fields under each other, each with its name at its left."""
    fields = QFormLayout()
    fields.setContentsMargins(0, 0, 0, 4)
    fields.setHorizontalSpacing(10)
    fields.setVerticalSpacing(6)
    fields.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    for text, field in rows:
        label = QLabel(text)
        label.setObjectName("formLabel")
        label.setFixedWidth(LABEL_WIDTH)
        label.setMinimumHeight(field.sizeHint().height())
        label.setToolTip(field.toolTip())
        fields.addRow(label, field)
    return fields
