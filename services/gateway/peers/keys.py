"""Keys of our own: made, sealed with the gateway's key, opened to sign."""

from services.gateway.peers.rules import Algorithm, key_id
from services.gateway.peers.signing import ALGORITHMS, SigningKey
from shared.crypto import sealing
from shared.crypto.provider import KeyPair
from shared.settings import Settings

PURPOSE = b"own keys"


def make_pair(algorithm: Algorithm) -> KeyPair:
    """A fresh pair."""
    return ALGORITHMS[algorithm].provider.new_signing_pair()


def seal(private: bytes, name: str, *, settings: Settings) -> bytes:
    """A private key as it is stored, readable only with the gateway's key and under its name."""
    return sealing.seal(settings, private, purpose=PURPOSE, owner=name.encode())


def unseal(sealed: bytes, name: str, algorithm: Algorithm, *, settings: Settings) -> SigningKey:
    """The key again.

    Raises `CannotOpen` where it was changed, `MasterKeyMissing` where the gateway's key is gone.
    """
    private = sealing.unseal(settings, sealed, purpose=PURPOSE, owner=name.encode())
    return SigningKey(name, algorithm, private)


def name_of(platform: str, pair: KeyPair) -> str:
    """What a key of ours is called."""
    return key_id(platform, pair.public)
