"""The rules of the exceptions report: pure, each from the sightings of one group to what is odd.

docs/exceptions.md says for people what each finds, what it leaves alone, and why it is asked.

odd        what a rule may ask, and what it finds
timing     at two places at once, too much of it, too fast, too late
grounds    what rests on no enrolment, no accreditation, no rule
claims     who says so: two agencies, a certificate used twice, a void without effect
"""
