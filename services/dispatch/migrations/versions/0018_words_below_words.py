"""Erasing in JSON reaches what stands below a name of words, and numbers without a letter."""

from alembic import op

from shared.erasure import Words, statement
from shared.migrations import create_without_words

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# A draft's line had what the pack asks for more beside its elements, not below a name of ours.
MORE = """UPDATE timeline SET detail = jsonb_strip_nulls(jsonb_build_object(
    'findings', detail -> 'findings', 'basis', detail -> 'basis', 'result', detail -> 'result',
    'contact', detail -> 'contact', 'more', detail - '{findings,basis,result,contact}'::text[]))
WHERE event = 'ticket.reply_drafted'
    AND detail - '{findings,basis,result,contact}'::text[] <> '{}'"""
OF_ERASED = "ticket_id::text IN (SELECT subject FROM erased)"


def upgrade() -> None:
    """The function, anew; then what it left of requests that were erased before."""
    create_without_words()
    op.execute(MORE)
    op.execute(statement(Words("timeline", json=("detail",), where=OF_ERASED)))
