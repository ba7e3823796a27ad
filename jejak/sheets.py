"""A table as people open it in a spreadsheet: CSV, or XLSX where a library writes it.

What strangers wrote may stand in a cell: none of it is ever a formula.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from jejak.errors import Misuse

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_WIDEST: Final = 60  # characters of a column


@dataclass(frozen=True, slots=True)
class Sheet:
    """Columns by name, and rows."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


def as_csv(sheet: Sheet) -> str:
    """UTF-8 text with a header line; a cell that a spreadsheet would reckon gets a quote before."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(sheet.columns)
    writer.writerows([_plain(cell) for cell in row] for row in sheet.rows)
    return text.getvalue()


def _plain(cell: object) -> object:
    if cell is None:
        return ""
    if isinstance(cell, str) and cell.startswith(_FORMULA):
        return f"'{cell}"
    return cell


def as_xlsx(sheet: Sheet) -> bytes:
    """An Excel workbook with one sheet; its first row stays in sight and filters.

    Raises:
        Misuse: the library that writes it is not installed.
    """
    try:
        import xlsxwriter  # noqa: PLC0415  not part of the plain install
    except ModuleNotFoundError:
        raise Misuse("xlsx needs XlsxWriter: pip install 'jejak[server]'; or say csv") from None
    held = io.BytesIO()
    with xlsxwriter.Workbook(
        held, {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    ) as book:
        page = book.add_worksheet(_named(sheet.title))
        heads = book.add_format({"bold": True})
        days = book.add_format({"num_format": "yyyy-mm-dd"})
        page.write_row(0, 0, sheet.columns, heads)
        for at, row in enumerate(sheet.rows, 1):
            for column, cell in enumerate(row):
                _write(page, at, column, cell, days)
        page.freeze_panes(1, 0)
        if sheet.rows:
            page.autofilter(0, 0, len(sheet.rows), len(sheet.columns) - 1)
        page.autofit(max_width=_WIDEST * 7)  # in pixels
    return held.getvalue()


def _write(page: Any, at: int, column: int, cell: object, days: Any) -> None:
    if isinstance(cell, date):
        page.write_datetime(at, column, cell, days)
    elif isinstance(cell, bool | int | float) or cell is None:
        page.write(at, column, cell)
    else:
        page.write_string(at, column, str(cell))


def _named(title: str) -> str:
    """A name that Excel takes: 31 characters, without the seven that it refuses."""
    return "".join(" " if letter in "[]:*?/\\" else letter for letter in title)[:31] or "Jejak"
