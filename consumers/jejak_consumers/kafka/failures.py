"""What the library raises, as one of `errors`."""

from collections.abc import Mapping
from typing import Final

from kafka import errors as theirs

from jejak_consumers import errors
from jejak_consumers.messages import TopicPartition
from jejak_schemas.credentials import KafkaAccess, refused_certificate

SLOT_TAKEN: Final = (
    "another recorder with this slot has taken over; give each process a slot of its own "
    "(jejak run recorder --slot N)"
)
_SIGN_IN = (theirs.SaslAuthenticationFailedError, theirs.UnsupportedSaslMechanismError)
_CUT_OFF = (
    theirs.ProducerFencedError,
    theirs.InvalidProducerEpochError,
    theirs.TransactionCoordinatorFencedError,
)


def refuses(failure: BaseException | None) -> bool:
    """Whether a connection failed because the broker did not let us in."""
    return isinstance(failure, _SIGN_IN) or bool(refused_certificate(failure))


def explain(
    exc: BaseException, failure: BaseException | None, access: KafkaAccess
) -> errors.LoopError:
    """The error of ours for one of the library's.

    Args:
        exc: what it raised.
        failure: how the last connection ended.
        access: whom we signed in as, and where.
    """
    where, user = access.bootstrap_servers, access.username
    if why := refused_certificate(failure):
        return errors.WrongLogin(
            f"certificate not accepted by the broker: {where} refused that of {user} ({why})"
        )
    if isinstance(exc, _SIGN_IN) or isinstance(failure, _SIGN_IN):
        return errors.WrongLogin(f"{where} refused {user}: wrong user or password")
    if isinstance(exc, theirs.AuthorizationError):
        return errors.NotAllowed(f"user {user} may not do this ({type(exc).__name__})")
    if isinstance(exc, theirs.FencedInstanceIdError):
        return errors.Superseded(SLOT_TAKEN)
    if isinstance(exc, _CUT_OFF):
        return errors.Superseded(f"another copy has taken over ({type(exc).__name__})")
    if isinstance(exc, theirs.OffsetOutOfRangeError | theirs.LogTruncationError):
        return _out_of_range(exc)
    if isinstance(exc, theirs.RetriableError | OSError):
        why = f": {failure}" if failure else f" ({type(exc).__name__})"
        return errors.BrokersAway(f"no answer from Kafka at {where}{why}")
    return errors.Fatal(f"Kafka at {where}: {type(exc).__name__}")


def _out_of_range(exc: theirs.KafkaError) -> errors.LoopError:
    """Both errors carry what they are about by partition, as their first argument."""
    about = exc.args[0] if exc.args else None
    if not isinstance(about, Mapping) or not about:
        return errors.Fatal(f"Kafka: {type(exc).__name__}")
    where, offset = next(iter(about.items()))
    what = f"its log does not hold offset {offset}"
    return errors.OffsetOutOfRange(TopicPartition(*where), what)
