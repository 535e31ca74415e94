"""Who may read which rows."""

from shared.readers import show

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SERVICE = "knowledge"
OPEN = ("articles", "article_versions", "corpus", "terms", "units")
"""Articles say nothing of any ticket; whose an unpublished one is, its query says."""


def upgrade() -> None:
    """The reading roles."""
    show(SERVICE, *OPEN)
