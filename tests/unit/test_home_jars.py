"""Kafka's jars enter the cache whole and checked, or not at all."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jejak.embedded import jars
from jejak.embedded.jars import Jar
from jejak.errors import Fatal, Retry

BYTES = {f"part{n}": f"jar number {n}".encode() * 1000 for n in range(5)}
WANTED = [Jar("g", name, "1", hashlib.sha256(data).hexdigest()) for name, data in BYTES.items()]
Download = Callable[[Jar, Path], Path]


def registry(jar: Jar, repository: Path) -> Path:
    path = repository / f"{jar.artifact}.download"
    path.write_bytes(BYTES[jar.artifact])
    return path


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    asked: list[str] = []

    def download(jar: Jar, repository: Path) -> Path:
        asked.append(jar.artifact)
        return registry(jar, repository)

    monkeypatch.setattr(jars, "download", download)
    return asked


def quiet(_line: str) -> None:
    pass


def test_the_lock_file_names_kafka_and_its_logging_bridge() -> None:
    names = {jar.artifact: jar.version for jar in jars.locked()}
    assert names["kafka_2.13"] == names["kafka-clients"] == "4.3.1"
    assert names["log4j-slf4j-impl"] == names["log4j-core"]
    assert all(len(jar.sha256) == 64 for jar in jars.locked())


def test_a_jar_survives_writing_and_reading() -> None:
    assert [Jar.parse(str(jar)) for jar in WANTED] == WANTED


def test_jars_are_fetched_once(tmp_path: Path, online: list[str]) -> None:
    first = jars.fetched(tmp_path, WANTED, quiet)
    assert [path.read_bytes() for path in first] == list(BYTES.values())
    assert jars.fetched(tmp_path, WANTED, quiet) == first
    assert sorted(online) == sorted(BYTES)


def test_a_damaged_jar_is_fetched_again(tmp_path: Path, online: list[str]) -> None:
    first = jars.fetched(tmp_path, WANTED, quiet)
    first[2].write_bytes(b"half")
    jars.fetched(tmp_path, WANTED, quiet)
    assert first[2].read_bytes() == BYTES["part2"]
    assert online.count("part2") == 2


def test_a_changed_jar_never_enters_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tampered(_jar: Jar, repository: Path) -> Path:
        path = repository / "bad"
        path.write_bytes(b"something else")
        return path

    monkeypatch.setattr(jars, "download", tampered)
    with pytest.raises(Fatal, match="another hash"):
        jars.fetched(tmp_path, WANTED[:1], quiet)
    assert list((tmp_path / "kafka").iterdir()) == []


def test_an_interrupted_fetch_leaves_only_whole_jars(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, online: list[str]
) -> None:
    whole = jars.download

    def cut(jar: Jar, repository: Path) -> Path:
        if jar.artifact == "part3":
            (repository / "part3.download").write_bytes(b"half a")
            raise KeyboardInterrupt
        return whole(jar, repository)

    monkeypatch.setattr(jars, "download", cut)
    with pytest.raises(KeyboardInterrupt):
        jars.fetched(tmp_path, WANTED, quiet)
    left = {path.name for path in (tmp_path / "kafka").iterdir()}
    assert left <= {jar.name for jar in WANTED if jar.artifact != "part3"}
    monkeypatch.setattr(jars, "download", whole)
    jars.fetched(tmp_path, WANTED, quiet)
    assert "part3" in online


def test_many_may_fill_the_cache_at_once(tmp_path: Path, online: list[str]) -> None:
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: jars.fetched(tmp_path, WANTED, quiet), range(6)))
    assert len(online) >= len(WANTED)
    assert all(path.read_bytes() == BYTES[path.stem[:-2]] for path in found[0])


def test_offline_with_an_empty_cache_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises(Retry, match="connect this machine once, or copy") as caught:
        jars.fetched(tmp_path, jars.locked()[:2], quiet)
    assert "\n" not in str(caught.value)


def test_a_cache_that_cannot_be_written_is_an_operators_matter(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Fatal, match="set JEJAK_CACHE"):
        jars.fetched(tmp_path / "file", WANTED, quiet)
