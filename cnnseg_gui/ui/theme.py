"""Light and dark: two palettes and one style sheet, following the system."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from cnnseg_gui.resources import resource


@dataclass(frozen=True)
class Colours:
    """The colours of one theme, as #rrggbb."""

    window: str
    base: str
    raised: str
    border: str
    canvas: str
    text: str
    quiet: str
    accent: str
    on_accent: str
    warning: str


LIGHT = Colours(
    window="#f2f3f5",
    base="#ffffff",
    raised="#ffffff",
    border="#d5d8de",
    canvas="#c9ccd3",
    text="#1c2128",
    quiet="#626a76",
    accent="#0b62c4",
    on_accent="#ffffff",
    warning="#9a5b00",
)
DARK = Colours(
    window="#22252b",
    base="#1a1c21",
    raised="#2c3038",
    border="#3a3f49",
    canvas="#131417",
    text="#e4e7ec",
    quiet="#98a1ae",
    accent="#4f9dff",
    on_accent="#0d1117",
    warning="#f0b455",
)


def follow_system(application: QApplication) -> None:
    """Applies the system's theme now and whenever it changes."""
    hints = application.styleHints()
    apply(application, dark=hints.colorScheme() == Qt.ColorScheme.Dark)
    hints.colorSchemeChanged.connect(
        lambda scheme: apply(application, dark=scheme == Qt.ColorScheme.Dark)
    )


def apply(application: QApplication, *, dark: bool) -> None:
    """Sets style, palette and style sheet for the whole program."""
    colours = DARK if dark else LIGHT
    application.setStyle("Fusion")
    application.setPalette(_palette(colours))
    sheet = resource("styles/window.qss").read_text(encoding="utf-8")
    places = {"theme": "dark" if dark else "light", "folder": resource("styles").as_posix()}
    for name, value in {**vars(colours), **places}.items():
        sheet = sheet.replace(f"@{name}@", value)
    application.setStyleSheet(sheet)


def _palette(colours: Colours) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    for target, name in {
        role.Window: colours.window,
        role.WindowText: colours.text,
        role.Base: colours.base,
        role.AlternateBase: colours.window,
        role.Text: colours.text,
        role.PlaceholderText: colours.quiet,
        role.Button: colours.raised,
        role.ButtonText: colours.text,
        role.ToolTipBase: colours.raised,
        role.ToolTipText: colours.text,
        role.BrightText: colours.warning,
        role.Highlight: colours.accent,
        role.HighlightedText: colours.on_accent,
        role.Link: colours.accent,
        role.Accent: colours.accent,
        role.Light: colours.raised,
        role.Midlight: colours.border,
        role.Mid: colours.border,
        role.Dark: colours.canvas,
        role.Shadow: colours.canvas,
    }.items():
        palette.setColor(target, QColor(name))
    for target in (role.WindowText, role.Text, role.ButtonText):
        faded = QColor(colours.quiet)
        faded.setAlpha(140)
        palette.setColor(QPalette.ColorGroup.Disabled, target, faded)
    return palette
