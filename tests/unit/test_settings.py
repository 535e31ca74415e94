"""A service's own names go before the common ones; nonsense stops the start."""

import pytest
from pydantic import ValidationError

from shared.events.words import Service
from shared.settings import TRIAL_SECRET, Settings, read_settings


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        for prefix in ("", *[f"{service}_" for service in Service]):
            monkeypatch.delenv(f"{prefix}{name}".upper(), raising=False)


def test_a_services_own_address_goes_before_the_common_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://common/db")
    monkeypatch.setenv("INTAKE_DATABASE_URL", "postgresql://intake/db")
    assert read_settings(Service.INTAKE).database_url == "postgresql://intake/db"
    assert read_settings(Service.DISPATCH).database_url == "postgresql://common/db"


def test_own_and_common_names_are_mixed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POOL_SIZE_MAX", "3")
    monkeypatch.setenv("SLA_CONSUMER_BATCH_MAX", "9")
    settings = read_settings(Service.SLA)
    assert (settings.pool_size_max, settings.consumer_batch_max) == (3, 9)
    assert read_settings(Service.INTAKE).consumer_batch_max == 500


def test_an_own_value_that_equals_the_default_still_goes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("POOL_SIZE_MAX", "3")
    monkeypatch.setenv("INTAKE_POOL_SIZE_MAX", "8")
    assert read_settings(Service.INTAKE).pool_size_max == 8


def test_without_an_environment_all_settings_have_their_defaults() -> None:
    assert read_settings(Service.INTAKE) == Settings()


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Settings().platform = "512000"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "value"), [("POOL_SIZE_MAX", "many"), ("INTAKE_TOKEN_SECRET", "short")]
)
def test_a_value_that_makes_no_sense_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError):
        read_settings(Service.INTAKE)


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert TRIAL_SECRET not in repr(Settings())
