"""Everything that stands in docs/contract/, by file name."""

from collections.abc import Mapping
from functools import cache

from jejak_schemas import avro
from jejak_schemas.documents import profile
from jejak_schemas.documents.asyncapi import asyncapi_text
from jejak_schemas.documents.codes import codes_page
from jejak_schemas.documents.index import index_page
from jejak_schemas.documents.pages import CODES, INDEX, TYPES, page_of
from jejak_schemas.documents.shared import types_page


@cache
def files() -> Mapping[str, str]:
    """The text of every file, always the same for the same contract."""
    return {
        INDEX: index_page(),
        TYPES: types_page(),
        CODES: codes_page(),
        "asyncapi.yaml": asyncapi_text(),
        "profile.jsonld": profile.text(),
        **{f"{model.__name__}.md": page_of(model) for model in avro.MODELS},
    }
