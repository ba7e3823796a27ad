"""Lines as a table for people."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bench.line import Line


def show(name: str, lines: Sequence[Line]) -> None:
    """Print the lines of one bench."""
    table = Table(title=name, title_justify="left")
    for heading in ("what", "events/s", "CPU µs/event", "beside", "events/s", "ratio"):
        numbers = heading not in ("what", "beside")
        table.add_column(heading, justify="right" if numbers else "left")
    for one in lines:
        table.add_row(
            one.what,
            f"{one.per_second:,.0f}",
            f"{one.cpu_us:.1f}",
            one.limit_what,
            f"{one.limit_per_second:,.0f}",
            f"{one.ratio:.2f}",
        )
    Console().print(table)
