"""The log over HTTP: its files as they are, with the right words, and nothing else."""

import http.client
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from jejak.errors import Misuse
from jejak.logserver import serving

EPOCH = "01a2163f-2dbf-7757-966d-d46e28a42f06"
FILES = {
    "checkpoint": b"origin\n",
    "keys": b"key\n",
    "epoch": b"statement\n",
    "tile/0/000": bytes(8192),
    "tile/entries/x001/x234/067.p/7": b"entries",
    "outcomes/checkpoint": b"outcomes\n",
    "looks/checkpoint": b"looks\n",
    "looks/tile/entries/000.p/1": bytes(9),
    "outcomes/tile/1/000.p/1": bytes(32),
    f"former/{EPOCH}/checkpoint": b"former\n",
    f"former/{EPOCH}/outcomes/tile/0/000.p/1": bytes(32),
}
HIDDEN = [  # files that are there, and are not the log's
    ".new/lock", "tile/0/000.p/256", "secrets", "tile/notes", "outcomes/keys", "former/keys",
]  # fmt: skip


@pytest.fixture
def log(tmp_path: Path) -> Path:
    folder = tmp_path / "log"
    for name in [*FILES, *HIDDEN]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(FILES.get(name, b"hidden"))
    (tmp_path / "outside").write_bytes(b"hidden")
    (folder / "tile/0/001").symlink_to(tmp_path / "outside")
    return folder


@pytest.fixture
def url(log: Path) -> Iterator[str]:
    with serving(log, "127.0.0.1", 0) as found:
        yield found


def get(url: str, path: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    """What is answered to a path exactly as it stands."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def test_every_file_of_a_log_is_served_as_the_specification_says(url: str) -> None:
    for name, content in FILES.items():
        status, headers, body = get(url, f"/{name}")
        assert (status, body) == (200, content), name
        tile = "tile/" in name
        kind = "application/octet-stream" if tile else "text/plain; charset=utf-8"
        assert headers["Content-Type"] == kind
        assert headers["Cache-Control"] == ("max-age=31536000, immutable" if tile else "max-age=2")


def test_nothing_else_is_served(url: str) -> None:
    tried = [f"/{name}" for name in HIDDEN] + [
        "/", "", "/tile/0/001", "/tile/0/002", "/../outside", "/tile/0/../../../outside",
        "/%2e%2e/outside", "/tile/0/%2e%2e/%2e%2e/%2e%2e/outside", "//etc/hostname",
        "/former/../../outside", "/former/../checkpoint", "/checkpoint/", "/checkpoint%00",
        "/tile/0/000/../001", "/tile", "/outcomes", "/http://127.0.0.1/checkpoint",
    ]  # fmt: skip
    for path in tried:
        status, _, body = get(url, path or "/")
        assert status in (400, 404), path
        assert b"hidden" not in body


def test_a_head_has_no_body_and_nothing_can_be_put(url: str) -> None:
    status, headers, body = get(url, "/tile/0/000", "HEAD")
    assert (status, headers["Content-Length"], body) == (200, "8192", b"")
    for method in ("PUT", "POST", "DELETE"):
        assert get(url, "/checkpoint", method)[0] == 501


def test_a_port_that_is_taken_is_said(url: str, log: Path) -> None:
    port = urlsplit(url).port or 0
    with pytest.raises(Misuse, match="cannot listen"), serving(log, "127.0.0.1", port):
        pass
