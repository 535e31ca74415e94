"""Who decides about a request that is at home at another platform. Pure."""

from shared.crossing import GATEWAY, platform_of
from shared.events.words import Act, Role

OF_HOME = frozenset(
    {Act.FOLLOW_UP, Act.RATE, Act.SCREEN, Act.DECIDE_SCREENING, Act.WITHDRAW},
)
"""What is decided where the caller is asked (YN 六(二)1)."""


def is_theirs(role: Role, subject: str, home: str | None) -> bool:
    """Whether a platform may touch a request: its own that it forwarded, and no other.

    Of people nothing is said here; the gateway asks for this platform.
    """
    if role is not Role.PLATFORM or subject == GATEWAY:
        return True
    return home is not None and home == platform_of(subject)


def refusal_of_home(act: Act, home: str | None) -> str | None:
    """Why an act is another platform's, in Chinese; none where it is not."""
    if home is None or act not in OF_HOME:
        return None
    return f"诉求由 {home} 平台转来，由该平台回访诉求人、接受评价和撤回。"
