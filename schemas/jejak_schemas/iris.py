"""Every IRI that Jejak writes, under one base.

Borrowed verbs and types keep their publishers' IRIs; ours share `BASE`
(to be registered with w3id.org before a public release).
"""

from typing import Final

BASE: Final = "https://w3id.org/jejak/"
PROFILE: Final = BASE + "profile"
PROFILE_VERSION: Final = PROFILE + "/v1"  # what statements name as their category
EXTENSION: Final = BASE + "ext/"
PERSON_HOME: Final = BASE + "person"
PARTY_HOME: Final = BASE + "party"
# How a provider's own statement names a person to us; never in a record.
NIP_HOME: Final = BASE + "nip"
NRP_HOME: Final = BASE + "nrp"

TLA_LEARNER: Final = "https://w3id.org/xapi/tla/extensions/learner"

_ADL_VERB: Final = "http://adlnet.gov/expapi/verbs/"
_ADL_TYPE: Final = "http://adlnet.gov/expapi/activities/"
_TINCAN_VERB: Final = "http://id.tincanapi.com/verb/"
_TINCAN_TYPE: Final = "http://id.tincanapi.com/activitytype/"
_TLA_VERB: Final = "https://w3id.org/xapi/tla/verbs/"
_W3_VERB: Final = "https://w3id.org/xapi/adl/verbs/"
_STREAMS_VERB: Final = "http://activitystrea.ms/schema/1.0/"

DIRECTED: Final = _TLA_VERB + "directed"
APPROVED: Final = _TLA_VERB + "approved"
RECOMMENDED: Final = _TLA_VERB + "recommended"
REGISTERED: Final = _ADL_VERB + "registered"
UNREGISTERED: Final = _TINCAN_VERB + "unregistered"
ATTENDED: Final = _ADL_VERB + "attended"
PASSED: Final = _ADL_VERB + "passed"
FAILED: Final = _ADL_VERB + "failed"
COMPLETED: Final = _ADL_VERB + "completed"
SATISFIED: Final = _W3_VERB + "satisfied"
WAIVED: Final = _W3_VERB + "waived"
MENTORED: Final = _TINCAN_VERB + "mentored"
EXPERIENCED: Final = _ADL_VERB + "experienced"
SHARED: Final = _ADL_VERB + "shared"
INITIALIZED: Final = _ADL_VERB + "initialized"
JOINED: Final = _STREAMS_VERB + "join"
SUBMITTED: Final = _STREAMS_VERB + "submit"
EVALUATED: Final = "https://w3id.org/xapi/acrossx/verbs/evaluated"
EARNED: Final = _TINCAN_VERB + "earned"
PURCHASED: Final = _STREAMS_VERB + "purchase"
RATED: Final = _TINCAN_VERB + "rated"
VOIDED: Final = _ADL_VERB + "voided"

COURSE: Final = _ADL_TYPE + "course"
MEETING: Final = _ADL_TYPE + "meeting"
WEBINAR: Final = _TINCAN_TYPE + "webinar"
CONFERENCE: Final = _TINCAN_TYPE + "conference"
ASSESSMENT: Final = _ADL_TYPE + "assessment"
RESOURCE: Final = _TINCAN_TYPE + "resource"
COMMUNITY_SITE: Final = _TINCAN_TYPE + "community-site"
PROJECT: Final = _TINCAN_TYPE + "project"
CERTIFICATE: Final = _TINCAN_TYPE + "certificate"
BADGE: Final = "http://activitystrea.ms/schema/1.0/badge"


def own_verb(name: str) -> str:
    """The IRI of a verb of ours, described in our published Profile."""
    return f"{BASE}verbs/{name}"


def own_type(name: str) -> str:
    """The IRI of an activity type of ours, described in our published Profile."""
    return f"{BASE}types/{name}"


PROGRAMME: Final = own_type("programme")
JOB_DUTY: Final = own_type("job-duty")
FIELD_VISIT: Final = own_type("field-visit")
