"""Writes catalogue.txt of jejak_lrs.audit: what a migrated database is (`make catalogue`)."""

import tempfile
from contextlib import closing
from pathlib import Path

import psycopg

from jejak_lrs.audit import catalogue
from tests import services

FILE = Path(catalogue.__file__).with_name("catalogue.txt")


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        services.embedded_postgres(Path(folder)) as server,
        closing(psycopg.connect(services.migrated(server, "fresh").superuser_dsn)) as connection,
    ):
        FILE.write_text(catalogue.written(catalogue.read(connection)), "utf-8")


if __name__ == "__main__":
    main()
