"""The two suites of algorithms: published vectors, and what holds for whatever is sealed."""

import gmalg
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import ECB
from hypothesis import given
from hypothesis import strategies as st

from shared.crypto import sealing
from shared.crypto.blobs import KEY_ID_MAX, read_header, write_header
from shared.crypto.master import MasterKeyMissing, MasterKeys, read_secrets
from shared.crypto.provider import CannotOpen, Suite
from shared.crypto.suites import PROVIDERS
from shared.settings import Settings

INTERNATIONAL, NATIONAL = PROVIDERS[Suite.INTERNATIONAL], PROVIDERS[Suite.NATIONAL]
SM4_KEY = bytes.fromhex("0123456789abcdeffedcba9876543210")
SM2_PRIVATE = bytes.fromhex("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8")
SM2_PUBLIC = bytes.fromhex(
    "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
both = pytest.mark.parametrize("suite", list(Suite))
suites = st.sampled_from(list(Suite))


def test_sm3_gives_the_hash_of_its_standard() -> None:
    expected = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert NATIONAL.digest(b"abc").hex() == expected
    longer = "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"
    assert NATIONAL.digest(b"abcd" * 16).hex() == longer


def test_sm4_gives_the_block_of_its_standard() -> None:
    encryptor = Cipher(SM4(SM4_KEY), ECB()).encryptor()  # noqa: S305  the standard's own example
    assert encryptor.update(SM4_KEY).hex() == "681edf34d206965e86b3e94f536e4246"


def test_sm4_gcm_opens_the_example_of_rfc_8998() -> None:
    nonce = bytes.fromhex("00001234567800000000abcd")
    bound = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    sealed = bytes.fromhex(
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
        "83de3541e4c2b58177e065a9bf7b62ec"
    )
    content = b"".join(bytes((sign,)) * 8 for sign in b"\xaa\xbb\xcc\xdd\xee\xff\xee\xaa")
    assert NATIONAL.cipher(SM4_KEY).open(nonce + sealed, bound) == content


def test_sm2_accepts_the_signature_of_its_standard_and_no_other() -> None:
    signature = bytes.fromhex(
        "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
        "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
    )
    assert NATIONAL.is_signed(SM2_PUBLIC, b"message digest", signature)
    assert not NATIONAL.is_signed(SM2_PUBLIC, b"message digesT", signature)
    assert not NATIONAL.is_signed(SM2_PUBLIC, b"message digest", signature[::-1])


def test_sm2_decrypts_the_example_of_its_standard() -> None:
    encrypted = bytes.fromhex(
        "0404ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73"
        "e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df0"
        "59983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766"
        "21886ca989ca9c7d58087307ca93092d651efa"
    )
    assert gmalg.SM2(SM2_PRIVATE).decrypt(encrypted) == b"encryption standard"


def test_sha_256_gives_the_hash_of_its_standard() -> None:
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert INTERNATIONAL.digest(b"abc").hex() == expected


@both
def test_a_signature_is_of_its_content_and_its_key_alone(suite: Suite) -> None:
    provider = PROVIDERS[suite]
    pair, other = provider.new_signing_pair(), provider.new_signing_pair()
    signature = provider.sign(pair.private, "诉求".encode())
    assert len(signature) == 64
    assert provider.is_signed(pair.public, "诉求".encode(), signature)
    assert not provider.is_signed(pair.public, "诉球".encode(), signature)
    assert not provider.is_signed(other.public, "诉求".encode(), signature)
    for nonsense in (b"", b"\0" * 32, b"\4" + b"\1" * 64, pair.public[:-1]):
        assert not provider.is_signed(nonsense, "诉求".encode(), signature)


@both
def test_what_is_sealed_for_somebody_opens_for_them_alone(suite: Suite) -> None:
    provider = PROVIDERS[suite]
    pair, other = provider.new_exchange_pair(), provider.new_exchange_pair()
    sealed = provider.seal_for(pair.public, b"content", b"bound")
    assert provider.open_from(pair.private, sealed, b"bound") == b"content"
    for private, changed, bound in (
        (other.private, sealed, b"bound"),
        (pair.private, sealed, b"other"),
        (pair.private, sealed[:-1] + bytes((sealed[-1] ^ 1,)), b"bound"),
        (pair.private, bytes((sealed[0] ^ 1,)) + sealed[1:], b"bound"),
        (pair.private, sealed[:40], b"bound"),
        (pair.private, b"", b"bound"),
    ):
        with pytest.raises(CannotOpen):
            provider.open_from(private, changed, bound)
    with pytest.raises(ValueError, match=r"X25519|SM2"):
        provider.seal_for(b"\4" + b"\1" * 64, b"content", b"bound")


@given(suites, st.binary(max_size=200), st.binary(max_size=40), st.data())
def test_what_is_sealed_opens_whole_or_not_at_all(
    suite: Suite, content: bytes, bound: bytes, data: st.DataObject
) -> None:
    provider = PROVIDERS[suite]
    cipher = provider.cipher(provider.new_key())
    sealed = cipher.seal(content, bound)
    assert cipher.open(sealed, bound) == content
    place = data.draw(st.integers(0, len(sealed) * 8 - 1))
    changed = bytearray(sealed)
    changed[place // 8] ^= 1 << place % 8
    for wrong, wrong_bound in (
        (bytes(changed), bound),
        (sealed[: data.draw(st.integers(0, len(sealed) - 1))], bound),
        (sealed, bound + b"x"),
    ):
        with pytest.raises(CannotOpen):
            cipher.open(wrong, wrong_bound)


@given(suites, st.integers(0, KEY_ID_MAX), st.binary(max_size=20))
def test_a_header_says_what_sealed(suite: Suite, key_id: int, rest: bytes) -> None:
    assert read_header(write_header(suite, key_id) + rest) == (suite, key_id)


@pytest.mark.parametrize("blob", [b"", b"\x11\0\0", b"\x01" + b"\0" * 40, b"\xff" * 40])
def test_what_has_no_header_is_not_opened(blob: bytes) -> None:
    with pytest.raises(CannotOpen):
        read_header(blob)


@both
def test_a_key_is_unwrapped_by_its_version_alone(suite: Suite) -> None:
    first, second = "first " * 6, "second " * 6
    provider = PROVIDERS[suite]
    key = provider.new_key()
    wrapped = MasterKeys(1, {1: first}).wrap(provider, key, b"seal")
    assert MasterKeys(2, {1: first, 2: second}).unwrap(wrapped, b"seal") == key
    with pytest.raises(MasterKeyMissing):
        MasterKeys(2, {2: second}).unwrap(wrapped, b"seal")
    with pytest.raises(CannotOpen):
        MasterKeys(1, {1: second}).unwrap(wrapped, b"seal")
    with pytest.raises(CannotOpen):
        MasterKeys(1, {1: first}).unwrap(wrapped, b"index")


def test_secrets_are_read_as_the_settings_write_them() -> None:
    assert read_secrets("") == {}
    written = f"1:{'a' * 32},12:{'b:' * 20}"
    assert read_secrets(written) == {1: "a" * 32, 12: "b:" * 20}
    assert Settings(identity_keys_other=written).identity_keys_other == written
    for wrong in ("1:short", "x:" + "a" * 32, "1:" + "a" * 32 + ","):
        with pytest.raises(ValueError, match="pattern"):
            Settings(identity_keys_other=wrong)


@given(suites, suites)
def test_the_gateways_secrets_open_after_its_key_and_suite_changed(
    before: Suite, after: Suite
) -> None:
    old = Settings(crypto_suite=before)
    new = Settings(crypto_suite=after, sealing_keys=f"1:{'k' * 40}")
    for here in (old, new):
        sealed = sealing.seal(here, b"secret", purpose=b"p", owner=b"1")
        assert sealing.unseal(new, sealed, purpose=b"p", owner=b"1") == b"secret"
        with pytest.raises(CannotOpen):
            sealing.unseal(new, sealed, purpose=b"p", owner=b"2")
    with pytest.raises(MasterKeyMissing):
        sealing.unseal(old, sealed, purpose=b"p", owner=b"1")
