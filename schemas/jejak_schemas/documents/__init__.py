"""The pages of the contract, written from its models, its catalogue and the words beside them.

`files()` is everything that stands in docs/contract/; `jejak schema docs` writes it. What the
models do not say (meanings, Indonesian, examples) stands here as data, in .toml and .json.
"""

from jejak_schemas.documents.contents import files
from jejak_schemas.documents.material import Lacking

__all__ = ["Lacking", "files"]
