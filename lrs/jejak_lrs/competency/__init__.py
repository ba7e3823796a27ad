"""From records to competency: the pure fold.

`profile = assess(facts, registry)`: no clock, no randomness, no I/O, integers only. Facts are
a set, the registry is a set of registry records up to a position; any order, batching or
repetition gives the same bytes. Source: design page competency.md; docs/competency.md has a
worked example of every rule.
"""
