"""The contract: what may be said about learning, and how it is spelled on the wire.

Follow one event: `events` (what a provider builds) -> `codec` (its bytes) -> `resolve`
(persons instead of numbers) -> `statement` (the xAPI it becomes). `catalogue` is the one table.
"""
