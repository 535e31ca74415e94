"""What an answer says of what went wrong (RFC 9457), as messages between platforms carry it too."""

from pydantic import BaseModel, Field


class FieldError(BaseModel):
    """One field that is wrong."""

    field: str
    code: str
    message: str


class ProblemBody(BaseModel):
    """The answer to a call that was refused (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldError] = Field(default_factory=list)
    allowed: list[str] | None = None
