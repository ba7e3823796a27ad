"""`python -m jejak`, as the supervisor starts its loops."""

from jejak.cli import main

if __name__ == "__main__":
    main()
