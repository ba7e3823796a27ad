"""The `jejak` command, and `python -m jejak`, as the supervisor starts its loops."""

import sys


def main() -> None:
    """Run the command. What it is made of takes a while to load: a Ctrl-C is heard then, too."""
    try:
        from jejak import cli  # noqa: PLC0415  within the try
    except KeyboardInterrupt:
        sys.stderr.write("jejak: stopped\n")
        sys.exit(130)  # as jejak.cli.errors says it
    cli.main()


if __name__ == "__main__":
    main()
