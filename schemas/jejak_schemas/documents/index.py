"""The first page of the contract: every class in a table, by family."""

from collections.abc import Iterator

from jejak_schemas.catalogue import CATALOGUE, Entry
from jejak_schemas.documents import channels, material, pages
from jejak_schemas.documents.channels import Channel
from jejak_schemas.documents.markdown import both, code, codes, link, page, table

_FAMILIES = {
    "learning": "What happens to a learner, as the institution tells it that was there.",
    "registry": "What is known about people, offerings, frameworks, institutions. Superseded by "
    "a later one, never voided.",
    "system": "Made by the system itself and refused from any inbox; an auditor meets them in "
    "the ledger.",
}


def index_page() -> str:
    """docs/contract/README.md."""
    return page(
        "# The contract",
        "Everything that may be said to Jejak, and everything that it says. These pages are made "
        "of the code that checks your events (`jejak schema docs`); tests hold them to it: every "
        "example is accepted, and what is said to be refused is refused.",
        "\n".join(_links()),
        *(_family(name, says) for name, says in _FAMILIES.items()),
        "## What we send",
        *(_channel(channel) for channel in channels.CHANNELS if channel is not channels.INBOX),
    )


def _links() -> Iterator[str]:
    yield f"- {link('Types and shared parts', pages.TYPES)}: how values are written"
    yield f"- {link('Reasons and warnings', pages.CODES)}: why a message is refused; how to mend it"
    yield f"- {link('asyncapi.yaml', 'asyncapi.yaml')}: topics and messages, for a program"
    yield f"- {link('profile.jsonld', 'profile.jsonld')}: our xAPI Profile: verbs, types, templates"
    yield f"- {link('How to send', '../provider.md')}: the SDK, the command, any Kafka client"
    yield f"- {link('How to read', '../agency.md')}: an agency's changes and profiles"


def _family(name: str, says: str) -> str:
    entries = [entry for entry in CATALOGUE if entry.family == name]
    columns = ("no.", "event", "says", "said by", "evidence")
    return page(f"## {name.capitalize()} events", says, table(columns, map(_row, entries))).rstrip(
        "\n"
    )


def _row(entry: Entry) -> tuple[str, ...]:
    return (
        str(entry.number),
        link(entry.name, f"{entry.name}.md"),
        both(material.sentence_of(entry.event).first),
        ", ".join(sorted(entry.roles)),
        code(entry.evidence) if entry.evidence else "",
    )


def _channel(channel: Channel) -> str:
    kept = codes(f"{name}={_setting(value)}" for name, value in channel.kept.items())
    rows = [
        (link(model.__name__, f"{model.__name__}.md"), both(material.sentence_of(model).first))
        for model in channel.messages
    ]
    return page(
        f"### {channel.title}: {code(channel.address)}",
        f"{channel.says} Key: {channel.key} One partition; {kept}.",
        table(("message", "says"), rows),
    ).rstrip("\n")


def _setting(value: object) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)
