"""`python -m tests.golden`: write the golden files that are missing."""

from tests.golden import write_missing

for path in write_missing():
    print(path.name)  # noqa: T201  a command's answer
