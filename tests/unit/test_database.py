"""Which failures may pass by themselves, and which are the work's own."""

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from shared.database import is_transient, plain_url, role_of


def _caused_by(cause: BaseException) -> Exception:
    error = DBAPIError("SELECT 1", None, Exception("wrapped"))
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(),
        TimeoutError(),
        OSError("no route"),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.InternalClientError("cannot switch to state 11"),
        asyncpg.ConnectionDoesNotExistError(),
        asyncpg.AdminShutdownError(),
        asyncpg.CannotConnectNowError(),
        asyncpg.TooManyConnectionsError(),
        asyncpg.DiskFullError(),
        asyncpg.DeadlockDetectedError(),
        asyncpg.SerializationError(),
        asyncpg.LockNotAvailableError(),
        PoolTimeoutError("QueuePool limit of size 5 overflow 0 reached"),
        _caused_by(asyncpg.AdminShutdownError()),
        _caused_by(_caused_by(ConnectionResetError())),
    ],
)
def test_what_may_pass_by_itself_is_tried_again(error: Exception) -> None:
    assert is_transient(error)


@pytest.mark.parametrize(
    "error",
    [
        KeyError("unit"),
        ValueError("no"),
        AssertionError(),
        asyncpg.UniqueViolationError(),
        asyncpg.NotNullViolationError(),
        asyncpg.CharacterNotInRepertoireError(),
        asyncpg.UndefinedTableError(),
        asyncpg.InsufficientPrivilegeError(),
        _caused_by(asyncpg.UniqueViolationError()),
        _caused_by(KeyError("unit")),
    ],
)
def test_what_is_wrong_in_itself_is_not(error: Exception) -> None:
    assert not is_transient(error)


async def test_a_value_that_fits_no_column_is_wrong_in_itself(postgres: str) -> None:
    connection = await asyncpg.connect(plain_url(postgres))
    try:
        with pytest.raises(asyncpg.DataError) as caught:
            await connection.fetchval("SELECT $1::int", 2**40)
    finally:
        await connection.close()
    assert not is_transient(caught.value)


@pytest.mark.parametrize(
    "url",
    ["postgresql://u:p%40ss@h:5/db?x=1", "postgresql+asyncpg://u:p%40ss@h:5/db?x=1"],
)
def test_an_address_is_given_as_asyncpg_takes_it(url: str) -> None:
    assert plain_url(url) == "postgresql://u:p%40ss@h:5/db?x=1"


def test_each_service_has_a_role_of_its_own() -> None:
    assert role_of("intake") == "hotline_intake"
