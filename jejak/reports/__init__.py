"""Answers in each of their forms: for a program, a spreadsheet and a person; in id and en."""

from dataclasses import dataclass
from typing import Final

from rich.console import RenderableType
from rich.text import Text

from jejak.pictures import Picture
from jejak.sheets import Sheet

_TEXT: Final = 12  # columns that a text gets at least, beside numbers


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: a JSON document, a table for a spreadsheet, a picture for a terminal."""

    document: object
    sheet: Sheet
    view: RenderableType


def picture(sheet: Sheet, note: str = "") -> RenderableType:
    """A table as it is, for a terminal."""
    table = Picture(title=sheet.title, title_justify="left", caption=note, caption_justify="left")
    for at, column in enumerate(sheet.columns):
        if any(isinstance(row[at], str) for row in sheet.rows):
            table.add_column(column, min_width=_TEXT)
        else:
            table.add_column(column, justify="right")
    for row in sheet.rows:
        # Never as markup: a cell may hold what a stranger wrote.
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    return table


def in_percent(basis_points: int | None) -> float | None:
    """Basis points as a spreadsheet reckons with them."""
    return None if basis_points is None else basis_points / 100
