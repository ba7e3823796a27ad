"""The exceptions report: what an inspector looks for, found in one pass over the record.

thresholds    what is too much, too late, too near: dated data
sightings     what a record says that a rule may need, in short
rules         pure: from what was sighted of one person, or one certificate, to what is odd
judging       which rules a group is judged by
survey        the pass: sightings sorted on disk, then judged group by group
"""
