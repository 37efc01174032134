"""Printing from the window and from Processing."""

from __future__ import annotations

from pathlib import Path

import pytest
from gridtwin_qgis.core.sheet_request import Output, Sheet
from gridtwin_qgis.gui import print_dialog
from qgis.core import QgsApplication, QgsProcessingContext, QgsProcessingException, QgsProcessingFeedback, QgsProject
from qgis.PyQt.QtWidgets import QAction, QDialogButtonBox, QMessageBox


@pytest.fixture
def dialog(plugin: object, town: Path, tmp_path: Path, qgis_new_project: None) -> print_dialog.PrintDialog:
    """Return the dialog for the toy town, opened as the action opens it."""
    plugin.host.sessions.open(town)
    shown = print_dialog.ask_to_print(plugin.host)
    shown.folder.setFilePath(str(tmp_path / "out"))
    return shown


def _choose(combo: object, value: object) -> None:
    combo.setCurrentIndex(combo.findData(value))


def test_action_is_in_the_toolbar(plugin: object) -> None:
    """The toolbar has a button for printing."""
    names = [action.objectName() for action in plugin.host.toolbar.actions()]
    assert "GridTwinPrint" in names
    assert isinstance(plugin.host.toolbar.actions()[names.index("GridTwinPrint")], QAction)


def test_nothing_open(plugin: object, qgis_new_project: None) -> None:
    """Without a region no dialog opens."""
    assert print_dialog.ask_to_print(plugin.host) is None


def test_prints_all_grids(dialog: print_dialog.PrintDialog, tmp_path: Path) -> None:
    """The button prints one PDF and shows where it is."""
    dialog.print_button.click()
    assert (tmp_path / "out" / "grid_sheets.pdf").exists()
    assert "1 files" in dialog.outcome.text()
    assert dialog.print_button.isEnabled()


def test_prints_a_community(dialog: print_dialog.PrintDialog, tmp_path: Path) -> None:
    """Grids of the community that is chosen, and no others, are printed."""
    grids = list(QgsProject.instance().mapLayersByName("Grids")[0].getFeatures())
    community = grids[0]["community_id"]
    _choose(dialog.grids, community)
    _choose(dialog.output, Output.PDF_EACH)
    dialog.print()
    wanted = {f"grid_{grid['grid_id']}.pdf" for grid in grids if grid["community_id"] == community}
    assert {path.name for path in (tmp_path / "out").iterdir()} == wanted


def test_selected_grids_come_first(plugin: object, town: Path, qgis_new_project: None) -> None:
    """With a selection the dialog offers the grids that are selected."""
    region = plugin.host.sessions.open(town)
    first = next(region["grids"].getFeatures())
    region["grids"].selectByIds([first.id()])
    assert print_dialog.ask_to_print(plugin.host).request().grid_ids == (first["grid_id"],)


@pytest.mark.parametrize("answer", [QMessageBox.StandardButton.Yes, QMessageBox.StandardButton.No])
def test_asks_before_replacing(
    dialog: print_dialog.PrintDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: object
) -> None:
    """A file that is there is replaced only on a yes."""
    there = tmp_path / "out" / "grid_sheets.pdf"
    there.parent.mkdir()
    there.write_text("mine")
    monkeypatch.setattr(QMessageBox, "question", lambda *_arguments: answer)
    dialog.print()
    assert (there.read_bytes() != b"mine") == (answer == QMessageBox.StandardButton.Yes)


def test_cancel_while_printing(dialog: print_dialog.PrintDialog, tmp_path: Path) -> None:
    """The close button cancels a running print, and the dialog stays."""
    close = dialog.buttons.button(QDialogButtonBox.StandardButton.Close)
    dialog.progress.valueChanged.connect(lambda value: close.click() if value > 0 else None)
    dialog.print()
    assert "Cancelled" in dialog.outcome.text()
    assert dialog.isVisible()
    assert list((tmp_path / "out").iterdir()) == []


def test_shows_what_is_missing(dialog: print_dialog.PrintDialog) -> None:
    """A sheet that cannot be printed says why in the dialog."""
    _choose(dialog.sheet, Sheet.SERVICE)
    assert dialog.kinds.isEnabled()
    dialog.print()
    assert "no coverage" in dialog.outcome.text()


def test_template_can_be_saved(
    dialog: print_dialog.PrintDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The template is saved for changes and chosen at once."""
    wanted = tmp_path / "mine.qpt"
    monkeypatch.setattr(print_dialog.QFileDialog, "getSaveFileName", lambda *_arguments: (str(wanted), ""))
    dialog.save_template.click()
    assert dialog.request().template == wanted
    assert wanted.read_text(encoding="utf-8").lstrip().startswith("<Layout")


# --- Processing --------------------------------------------------------------------------------------------------


def _run(plugin: object, context: QgsProcessingContext, **parameters: object) -> dict[str, object]:
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("gridtwin:print_sheets")
    results, fine = algorithm.run(parameters, context, QgsProcessingFeedback(), {}, False)
    assert fine
    return results


def test_algorithm_prints_a_file(plugin: object, town: Path, tmp_path: Path, qgis_new_project: None) -> None:
    """The algorithm prints a region that is not open, and leaves the project as it is."""
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    found = _run(plugin, context, REGION=str(town), OUTPUT="pdf_each", FOLDER=str(tmp_path / "out"))
    assert found["FILES"] == len(list((tmp_path / "out").glob("grid_*.pdf"))) > 1
    assert QgsProject.instance().mapLayers() == {}


def test_algorithm_prints_the_open_region(plugin: object, town: Path, tmp_path: Path, qgis_new_project: None) -> None:
    """Without a file the open region is printed."""
    plugin.host.sessions.open(town)
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    assert _run(plugin, context, FOLDER=str(tmp_path / "out"))["FILES"] == 1


def test_algorithm_without_a_region(plugin: object, tmp_path: Path, qgis_new_project: None) -> None:
    """Without a region the algorithm fails with what to do."""
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    with pytest.raises(QgsProcessingException, match="open one or choose its file"):
        _run(plugin, context, FOLDER=str(tmp_path / "out"))
