"""What a running loop shows, read as Prometheus would."""

import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families


@dataclass(frozen=True)
class Page:
    """An answer over HTTP."""

    status: int
    text: str


def get(address: str) -> Page:
    """Ask for a page, whatever its status."""
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310  ours
            return Page(answer.status, answer.read().decode())
    except urllib.error.HTTPError as answer:
        with answer:
            return Page(answer.code, answer.read().decode())


def samples(text: str) -> Iterator[tuple[str, Mapping[str, str], float]]:
    """Each sample of an exposition: its name, labels and value."""
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if not sample.name.endswith("_created"):  # the library's own, beside each counter
                yield sample.name, sample.labels, sample.value


def value(text: str, name: str, **labels: str) -> float:
    """The sum of the samples of a name that have some labels."""
    return sum(
        number
        for found, has, number in samples(text)
        if found == name and labels.items() <= has.items()
    )


def labels_of(texts: list[str]) -> dict[str, dict[str, set[str]]]:
    """Every metric that some expositions hold, with its labels and their values."""
    found: dict[str, dict[str, set[str]]] = defaultdict(dict)
    for text in texts:
        for name, labels, _ in samples(text):
            held = found[name]
            for label, said in labels.items():
                held.setdefault(label, set()).add(said)
    return dict(found)
