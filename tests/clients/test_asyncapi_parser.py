"""The AsyncAPI project's own parser, and its Avro parser, on our document.

Opt-in (`make test-asyncapi`): needs Node 20 and npm, which fetches the two parsers.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from jejak_schemas.documents import asyncapi, channels

CLIENT = Path(__file__).with_name("asyncapi-parser")
DOCUMENT = Path(__file__).parents[2] / "docs/contract/asyncapi.yaml"
BROKEN = 0  # the parser's severity of an error; 1 warns, 2 informs

pytestmark = pytest.mark.skipif(shutil.which("npm") is None, reason="there is no npm here")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program with its parsers."""
    folder = shutil.copytree(CLIENT, tmp_path_factory.mktemp("asyncapi") / "client")
    install = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(install, cwd=folder, check=True, timeout=300)
    return folder


def judged(client: Path, document: Path) -> Any:
    done = subprocess.run(
        ["node", "judge.js", str(document)],
        cwd=client, check=True, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    return json.loads(done.stdout)


def test_the_parser_reads_the_document_without_error_or_warning(client: Path) -> None:
    found = judged(client, DOCUMENT)
    assert {one["severity"] for one in found["diagnostics"]} <= {2}
    assert set(found["channels"]) == {channel.name for channel in channels.CHANNELS}
    assert set(found["operations"]) == set(asyncapi.document()["operations"])
    assert set(found["messages"]) == set(asyncapi.document()["components"]["messages"])


def test_the_parser_refuses_a_payload_that_is_no_avro(client: Path, tmp_path: Path) -> None:
    text = DOCUMENT.read_text("utf-8")
    spoilt = text.replace("logicalType", "logical").replace('"type": "string"', '"type": "strong"')
    (tmp_path / "spoilt.yaml").write_text(spoilt, "utf-8")
    found = judged(client, tmp_path / "spoilt.yaml")
    assert BROKEN in {one["severity"] for one in found["diagnostics"]}
