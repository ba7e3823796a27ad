"""Every IRI that Jejak writes, under one base.

Borrowed verbs and types keep their publishers' IRIs; ours share `BASE`
(to be registered with w3id.org before a public release).
"""

from typing import Final

BASE: Final = "https://w3id.org/jejak/"
PROFILE: Final = BASE + "profile"
EXTENSION: Final = BASE + "ext/"
PERSON_HOME: Final = BASE + "person"
PARTY_HOME: Final = BASE + "party"

TLA_LEARNER: Final = "https://w3id.org/xapi/tla/extensions/learner"

_ADL_VERB: Final = "http://adlnet.gov/expapi/verbs/"
_ADL_TYPE: Final = "http://adlnet.gov/expapi/activities/"
_TINCAN_VERB: Final = "http://id.tincanapi.com/verb/"
_TINCAN_TYPE: Final = "http://id.tincanapi.com/activitytype/"
_STREAMS_VERB: Final = "http://activitystrea.ms/schema/1.0/"

REGISTERED: Final = _ADL_VERB + "registered"
PASSED: Final = _ADL_VERB + "passed"
COMPLETED: Final = _ADL_VERB + "completed"
ATTENDED: Final = _ADL_VERB + "attended"
VOIDED: Final = _ADL_VERB + "voided"
SATISFIED: Final = "https://w3id.org/xapi/adl/verbs/satisfied"
MENTORED: Final = _TINCAN_VERB + "mentored"
EARNED: Final = _TINCAN_VERB + "earned"
JOINED: Final = _STREAMS_VERB + "join"
EVALUATED: Final = "https://w3id.org/xapi/acrossx/verbs/evaluated"

COURSE: Final = _ADL_TYPE + "course"
ASSESSMENT: Final = _ADL_TYPE + "assessment"
PROJECT: Final = _TINCAN_TYPE + "project"
CERTIFICATE: Final = _TINCAN_TYPE + "certificate"


def own_verb(name: str) -> str:
    """The IRI of a verb of ours, described in our published Profile."""
    return f"{BASE}verbs/{name}"


def own_type(name: str) -> str:
    """The IRI of an activity type of ours, described in our published Profile."""
    return f"{BASE}types/{name}"
