"""Signatures over requests: the RFC's own example, and ours (RFC 9421)."""

from base64 import b64decode
from datetime import UTC, datetime

import pytest
from http_message_signatures import HTTPMessageSigner
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.peers import signing
from services.gateway.peers.keys import make_pair, seal, unseal
from services.gateway.peers.refusals import DigestWrong, SignatureMissing, SignatureWrong
from services.gateway.peers.rules import Algorithm
from services.gateway.peers.signing import BodyCheck, SigningKey, VerifyKey, read_claim, verify
from shared.crypto.provider import CannotOpen
from shared.settings import Settings

# RFC 9421 B.1.4 and B.2.6.
RFC_PUBLIC = b64decode("JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=")
RFC_PRIVATE = b64decode("n4Ni+HpISpVObnQMW0wOhCKROaIKqKtW/2ZYb2p9KcU=")
RFC_SIGNATURE = (
    "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
)
URL = "https://hotline.example:8443/v1/exchange/messages?day=2026-03-02"


class Request:
    """The request of RFC 9421 B.2."""

    def __init__(self) -> None:
        self.method = "POST"
        self.url = "https://example.com/foo?param=Value&Pet=dog"
        self.headers = {
            "Host": "example.com",
            "Date": "Tue, 20 Apr 2021 02:07:55 GMT",
            "Content-Type": "application/json",
            "Content-Length": "18",
        }


def test_the_example_of_the_rfc_is_signed_alike() -> None:
    request = Request()
    signer = HTTPMessageSigner(
        signature_algorithm=signing.Ed25519, key_resolver=signing._Resolver(RFC_PRIVATE)
    )
    signer.sign(
        request,
        key_id="test-key-ed25519",
        created=datetime.fromtimestamp(1618884473, UTC),
        label="sig-b26",
        include_alg=False,
        covered_component_ids=(
            "date",
            "@method",
            "@path",
            "@authority",
            "content-type",
            "content-length",
        ),
    )
    assert request.headers["Signature"] == f"sig-b26=:{RFC_SIGNATURE}:"
    algorithm = signing.Ed25519(public_key=RFC_PUBLIC)
    assert (
        algorithm.provider.is_signed(RFC_PUBLIC, b"another base", b64decode(RFC_SIGNATURE)) is False
    )


def lines(signature_input: str) -> list[tuple[str, str]]:
    present = [("signature", "a=:AA==:"), ("content-digest", "sha-256=:AA==:")]
    return [("signature-input", signature_input), *present]


def signed(algorithm: Algorithm, body: bytes) -> tuple[list[tuple[str, str]], VerifyKey]:
    pair = make_pair(algorithm)
    headers = signing.sign_headers(
        "POST", URL, body, SigningKey("530000.a", algorithm, pair.private)
    )
    lines = [(name.lower(), value) for name, value in headers.items()]
    return [("host", "hotline.example:8443"), *lines], VerifyKey(algorithm, pair.public)


@pytest.mark.parametrize("algorithm", Algorithm)
def test_what_is_signed_verifies_and_says_whose_it_is(algorithm: Algorithm) -> None:
    headers, key = signed(algorithm, b"body")
    claim = read_claim(headers)
    assert (claim.key_id, claim.covers_digest) == ("530000.a", True)
    assert len(claim.nonce) >= 16
    verify("POST", URL, headers, key)
    check = BodyCheck(headers)
    check.take(b"bo")
    check.take(b"dy")
    check.finish()
    with pytest.raises(SignatureWrong):
        verify("POST", URL, headers, VerifyKey(algorithm, make_pair(algorithm).public))


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_only_the_body_that_was_signed_passes(body: bytes, sent: bytes) -> None:
    headers, _ = signed(Algorithm.ED25519, body)
    if not body:
        assert not read_claim(headers).covers_digest
        return
    check = BodyCheck(headers)
    check.take(sent)
    if sent == body:
        check.finish()
    else:
        with pytest.raises(DigestWrong):
            check.finish()


@given(st.text(st.characters(codec="latin-1"), max_size=60))
def test_no_header_is_a_failure_of_ours(text: str) -> None:
    with pytest.raises(SignatureMissing):
        read_claim([("signature-input", text), ("signature", text)])
    with pytest.raises(DigestWrong):
        BodyCheck([("content-digest", text)])


@pytest.mark.parametrize(
    ("without", "told"),
    [
        ('"@query" ', "@query"),
        ('"@method" ', "@method"),
        (';nonce="abc"', "nonce"),
        (";created=1", "created"),
        (';keyid="k"', "keyid"),
        (';tag="hotline-12345"', "tag"),
    ],
)
def test_what_a_signature_lacks_is_named(without: str, told: str) -> None:
    whole = (
        'a=("@method" "@authority" "@path" "@query" "content-digest")'
        ';created=1;keyid="k";nonce="abc";tag="hotline-12345"'
    )
    assert read_claim(lines(whole)).key_id == "k"
    with pytest.raises(SignatureMissing, match=told):
        read_claim(lines(whole.replace(without, "")))


@pytest.mark.parametrize("created", ["-1", "1.5", '"1"', "?1", "999999999999999"])
def test_a_time_that_is_none_is_refused(created: str) -> None:
    line = (
        f'a=("@method" "@authority" "@path" "@query");created={created};keyid="k";nonce="n"'
        ';tag="hotline-12345"'
    )
    with pytest.raises(SignatureMissing, match="created"):
        read_claim(lines(line))


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_sealed_key_opens_under_its_name_alone(algorithm: Algorithm) -> None:
    pair, settings = make_pair(algorithm), Settings()
    sealed = seal(pair.private, "530000.a", settings=settings)
    assert pair.private not in sealed
    assert unseal(sealed, "530000.a", algorithm, settings=settings).private == pair.private
    with pytest.raises(CannotOpen):
        unseal(sealed, "530000.b", algorithm, settings=settings)
