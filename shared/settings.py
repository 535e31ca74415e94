"""Settings that every service has. Read once where a process starts, then passed on."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.events.words import Service

TRIAL_SECRET = "a-trial-secret-that-no-production-may-keep"  # noqa: S105


class Settings(BaseSettings):
    """Limits and addresses. `INTAKE_DATABASE_URL` goes before `DATABASE_URL` for intake."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    database_url: str = ""
    """PostgreSQL, `postgresql://user:password@host/database`; every process needs it."""
    bus_database_url: str = ""
    """Where the PostgreSQL bus lives; the service's own server when empty."""
    kafka_bootstrap_servers: str = ""
    """Kafka is the bus when this is set, PostgreSQL when it is not."""
    topic_prefix: str = ""
    """Before each topic's name, where several platforms share one Kafka."""
    kafka_partitions: int = 12
    """How many parts a topic is made with; fixed from then on."""
    kafka_replication: int = 1
    """On how many brokers each part is kept; 3 where there are three."""
    platform: str = "530000"
    """The platform's own administrative code; it begins the source of every event."""
    token_secret: str = Field(default=TRIAL_SECRET, min_length=32, repr=False)
    """Bearer tokens are signed with it; the same for all services."""
    identity_key: str = Field(default=TRIAL_SECRET, min_length=32, repr=False)
    """Callers' identities are encrypted with a key made from this."""

    pool_size_max: int = 8
    """Connections to PostgreSQL, for each of a process's two doors."""
    statement_timeout_seconds: int = 30
    """PostgreSQL ends a statement that runs longer."""
    body_bytes_max: int = 1_048_576
    """The largest body of an ordinary call."""
    bulk_bytes_max: int = 33_554_432
    """The largest body of a `/bulk` call."""
    bulk_lines_max: int = 10_000
    """The most lines of a `/bulk` call."""
    attachment_bytes_max: int = 52_428_800
    """The largest attachment, and the largest message with its files."""
    attachment_types: str = ""
    """Media types that attachments may have, with commas between; empty: all that are known."""
    attachment_store: str = "data/attachments"
    """Where attachments are kept: a folder, or `s3://bucket/prefix`."""
    attachment_hours: int = 48
    """An upload that no ticket has taken after so long is removed."""
    s3_endpoint: str = ""
    """Address of the S3 service, such as `https://s3.example.org`; only for `s3://`."""
    s3_region: str = "us-east-1"
    """The region that S3 signatures name."""
    s3_access_key: str = ""
    """S3 access key."""
    s3_secret_key: str = Field(default="", repr=False)
    """S3 secret key."""
    inbound_window_seconds: int = 300
    """How old or early the time of a signed message may be."""
    imap_url: str = Field(default="", repr=False)
    """A mailbox, `imaps://user:password@host/INBOX`; empty: no mailbox is looked into."""
    imap_source: str = ""
    """The inbound source, of channel email, under which the mailbox's messages are filed."""
    imap_poll_seconds: float = 60.0
    """How long between two looks into the mailbox."""
    public_tickets_per_address: int = 20
    """So many requests an hour are taken from one address by the web form."""
    public_tickets_per_phone: int = 5
    """The same from one telephone number."""
    public_files_per_address: int = 60
    """So many uploads an hour are taken from one address by the web form."""
    page_size_max: int = 200
    """The most items of one page."""
    follow_up_claim_minutes: int = 30
    """How long a follow-up task is kept for the seat that claimed it."""
    public_tries_free: int = 5
    """So many wrong query codes for one number cost no delay."""
    public_address_tries_free: int = 30
    """The same for one address, which many callers may share."""
    public_delay_seconds: float = 2.0
    """The delay after the first wrong code that costs one; each further one doubles it."""
    public_delay_seconds_max: float = 900.0
    """The longest delay after wrong query codes."""
    public_forget_seconds: float = 3600.0
    """Wrong query codes are forgotten after so long without another."""
    public_addresses_max: int = 100_000
    """So many addresses are watched at once; the one seen longest ago is forgotten first."""

    heard_wait_seconds_max: float = 5.0
    """How long an act waits for what its caller has seen; then 503."""
    idempotency_hours: int = 24
    """How long the answer to an Idempotency-Key is kept."""

    relay_batch_max: int = 500
    """The most events that the relay sends in one go."""
    consumer_batch_max: int = 500
    """The most events that are handled in one transaction."""
    parked_in_a_row_max: int = 100
    """So many failing keys in a row stop the consumer."""
    retry_delay_seconds_max: float = 5.0
    """The longest pause before a failed task is started again."""
    stall_seconds_max: float = 30.0
    """A Kafka reader that makes no progress for so long is made anew."""
    bus_retention_days: int = 30
    """How long topics keep events."""

    notifier: Literal["log", "smtp", "sms", "smtp+sms"] = "log"
    """How notices leave: only logged, by mail, by the SMS webhook, or by both."""
    smtp_host: str = ""
    """The mail server that takes notices."""
    smtp_port: int = 587
    """Its port."""
    smtp_user: str = ""
    """Who logs in there; nobody when empty."""
    smtp_password: str = Field(default="", repr=False)
    """The password of that user."""
    smtp_from: str = ""
    """The address that mails come from."""
    smtp_tls: Literal["starttls", "tls", "none"] = "starttls"
    """`starttls` and `tls` check the server's certificate; `none` is for a relay on this host."""
    sms_webhook_url: str = ""
    """Where text messages are posted as JSON."""
    sms_webhook_secret: str = Field(default="", repr=False)
    """The body's HMAC-SHA256 with it stands in `X-Hotline-Signature`."""
    notice_batch_max: int = 50
    """The most notices that are sent at once."""
    notice_timeout_seconds: float = 10.0
    """How long sending one notice may take."""
    notice_attempts_max: int = 8
    """After so many failures a notice is dead, and shown to people."""
    notice_retention_days: int = 90
    """How long notices that were sent are kept."""


def read_settings(service: Service) -> Settings:
    """The settings of a service from the environment: its own names first, then the common ones."""
    own = Settings(_env_prefix=f"{service.upper()}_").model_dump(exclude_unset=True)
    return Settings(**own)
