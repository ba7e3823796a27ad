"""`python -m bench [NAME]`: prints a table, writes bench/out/<name>.json."""

import sys

if __name__ == "__main__":  # the processes that a bench starts read this file, too
    from bench.benches import main

    sys.exit(main(sys.argv[1:]))
