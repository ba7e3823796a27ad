"""Tables on a terminal: nothing of them is cut, however narrow it is."""

from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table


class Picture(Table):
    """A table that folds long words, and gives the room between its columns away before any."""

    def add_column(self, *args: Any, **options: Any) -> None:
        """Add a column, as Rich does; a word that is too long for it goes on beneath."""
        super().add_column(*args, **{"overflow": "fold", **options})

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.__rich_measure__(console, options).minimum > options.max_width:
            self.padding = 0
            for column in self.columns:  # else Rich draws the last beyond the edge
                column.min_width = None
        yield from super().__rich_console__(console, options)
