"""Settings that every service has. Read once where a process starts, then passed on."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.crypto.master import SECRETS_PATTERN
from shared.crypto.provider import Suite
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
    """The master key: it wraps the keys that callers' identities are encrypted with."""
    identity_key_version: int = Field(default=1, ge=1)
    """The master key's version; a new key gets the next number."""
    identity_keys_other: str = Field(default="", pattern=SECRETS_PATTERN, repr=False)
    """Master keys of other versions that still unwrap: `1:secret`, with commas between."""
    crypto_suite: Suite = Suite.INTERNATIONAL
    """AES-256-GCM, SHA-256, Ed25519, HPKE (`international`) or SM4-GCM, SM3, SM2 (`national`)."""
    data_key_days: int = Field(default=7, ge=1)
    """So long a data key seals; then a new one is made."""
    sealing_keys: str = Field(default="", pattern=SECRETS_PATTERN, repr=False)
    """What seals the gateway's secrets, as `1:secret`; the highest seals; empty: token_secret."""

    public_url: str = "http://127.0.0.1:8000"
    """Where people's browsers find the gateway; behind TLS it begins with `https://`."""
    oidc_issuer: str = ""
    """Who vouches for people, as an OpenID Connect issuer; the built-in one when empty."""
    oidc_client_id: str = "hotline"
    """What the platform is called at that issuer."""
    oidc_client_secret: str = Field(default="", repr=False)
    """What the platform proves that with; empty: it is a public client with PKCE."""
    oidc_work_number_claim: str = "preferred_username"
    """The claim that names a person's work number at their first login."""
    oidc_leeway_seconds: int = 30
    """How far the issuer's clock may be from ours."""
    session_idle_minutes: float = 30.0
    """A session without a call for so long is over."""
    session_hours_max: float = 12.0
    """A session is over after so long, used or not."""
    session_cache_seconds: float = Field(default=5.0, ge=0, le=5)
    """For so long each process believes what it has read of a session."""
    sessions_per_person_max: int = Field(default=3, ge=1)
    """Where somebody logs in once more, their oldest session ends."""
    login_failures_max: int = Field(default=5, ge=1)
    """After so many wrong passwords or codes in a row the built-in issuer locks an account."""
    login_lock_minutes: float = 30.0
    """For how long."""
    password_length_min: int = Field(default=12, ge=8)
    """The shortest password."""
    passwords_kept: int = Field(default=5, ge=1, le=24)
    """So many of the last passwords cannot be taken again."""
    password_days_max: int = Field(default=90, ge=0)
    """A password must be changed after so long; 0: never."""
    temporary_password_hours: int = 72
    """For how long a one-time password opens the first login."""
    second_factor: Literal["administrators", "all"] = "administrators"
    """Who must give a code beside the password: administrators, security and audit, or all."""

    signature_window_seconds: int = 300
    """How old or early a peer's signature may be; its nonce is kept for twice as long."""
    signature_authorities: str = ""
    """Hosts by which peers reach the gateway, with commas between; empty: as the call names it."""
    client_rate_per_second: float = Field(default=3_000.0, gt=0)
    """So many calls a second one client may make for long; each gateway process counts alone."""
    client_burst: int = Field(default=6_000, ge=1)
    """So many calls one client may make at once after a pause."""
    role_rates: str = "unit=500,unit_leader=500,subcenter=500,platform=500"
    """The same for clients of a role, each with a burst of twice that."""
    address_rate_per_second: float = Field(default=6_000.0, gt=0)
    """So many calls a second one address may make, whoever stands behind it."""
    clients_watched_max: int = Field(default=50_000, ge=1)
    """So many clients are counted at once; the one seen longest ago is forgotten first."""
    in_flight_max: int = Field(default=500, ge=1)
    """So many calls one gateway process has at work at once."""
    in_flight_queue_max: int = Field(default=1_000, ge=0)
    """So many more may wait, or still be sending their body; what comes beyond is answered 503."""
    in_flight_wait_seconds_max: float = Field(default=10.0, gt=0)
    """How long a call waits for its turn; then 503."""
    long_calls_max: int = Field(default=2_000, ge=1)
    """So many long polls and uploads at once; they take no turn of the others."""
    body_seconds_max: float = Field(default=30.0, gt=0)
    """How long a body may take to arrive; uploads are excepted."""
    answer_seconds_max: float = Field(default=120.0, gt=0)
    """How long an answer may take to begin; uploads and long polls are excepted."""
    headers_max: int = Field(default=100, ge=1)
    """The most headers of a call."""
    header_bytes_max: int = Field(default=32_768, ge=1)
    """The most bytes that all headers of a call have together."""

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

    audit_key: str = Field(default="", repr=False)
    """Checkpoints of the audit are signed with a key made from it; from `token_secret` if empty."""
    audit_seal_seconds: float = 1.0
    """How long between two looks for entries of the audit that are not chained yet."""
    audit_checkpoint_seconds: float = 3600.0
    """How long between two checkpoints of an audit that grows."""
    identity_retention_days: int = 1095
    """A caller's identity and words are erased so long after the ticket's end; 0: never."""
    erasure_batch_max: int = 200
    """The most tickets that are erased in one transaction."""

    exchange_batch_max: int = Field(default=1_000, ge=1, le=10_000)
    """The most messages that go to another platform in one request."""
    exchange_timeout_seconds: float = Field(default=60.0, gt=0)
    """How long another platform may take to answer."""
    exchange_delay_seconds_max: float = Field(default=300.0, gt=0)
    """The longest pause before a platform that did not answer is tried again."""
    exchange_failures_max: int = Field(default=5, ge=1)
    """After so many failures in a row the breaker opens: single messages try the way."""
    exchange_kept_days: int = Field(default=35, ge=2)
    """How long messages that were sent and received can be compared, and sent again."""
    exchange_waiting_long: int = Field(default=100_000, ge=1)
    """A queue to a platform that is longer is reported in the log."""
    exchange_reconcile_days: int = Field(default=3, ge=1)
    """So many days back are compared with other platforms until they are equal."""
    exchange_reconcile_seconds: float = Field(default=3_600.0, gt=0)
    """How long until a day that was not equal is compared again."""

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
