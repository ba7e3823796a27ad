"""`jejak up` on a real schema registry, as an operator would have it. One house for all tests."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from jejak import processes, settings
from jejak.embedded.ports import free_port
from jejak.home import Home
from jejak_schemas.registry import SchemaRegistry
from tests.registry.apicurio import Apicurio, unpacked
from tests.registry.house import House, registered


@pytest.fixture(scope="session")
def apicurio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apicurio]:
    """A running registry; whoever kills it starts it again."""
    folder = tmp_path_factory.mktemp("apicurio")
    (folder / "data").mkdir()
    own = Apicurio(unpacked(folder), folder / "data", free_port())
    try:
        own.start()
        yield own
    finally:
        own.kill()


@pytest.fixture(scope="session")
def house(apicurio: Apicurio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A home with its loops, parties, and one person whom BKN has registered."""
    home = Home(tmp_path_factory.mktemp("home"))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("JEJAK_REGISTRY_URL", apicurio.url)
        with processes.running(home, settings.load(home), tell=lambda _: None) as up:
            own = House(up)
            own.furnish()
            with closing(SchemaRegistry(apicurio.url)) as framing:
                (posted,) = own.told(framing, [registered()])
            assert posted.outcome == "recorded", posted
            yield own


@pytest.fixture
def framing(apicurio: Apicurio) -> Iterator[SchemaRegistry]:
    """A party's framing that knows nothing yet."""
    with closing(SchemaRegistry(apicurio.url)) as own:
        yield own
