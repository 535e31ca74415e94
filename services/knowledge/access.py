"""Who may call which operation of knowledge."""

from shared.access import ANSWERERS, EVERYBODY, Table, everywhere, own
from shared.events.words import Role

EDITORS = (Role.EDITOR, Role.ADMINISTRATOR)
"""An administrator loads what an older system kept."""
OWNERS = (*EDITORS, *ANSWERERS)
"""Who writes, and sees what is not published, each their own."""

ACCESS: Table = {
    "GET /v1/articles": everywhere(*EVERYBODY),
    "POST /v1/articles": own(*OWNERS),
    "GET /v1/articles/{article_id}": own(*EVERYBODY),
    "GET /v1/articles/{article_id}/versions": own(*OWNERS),
    "POST /v1/articles/{article_id}/revise": own(*OWNERS),
    "POST /v1/articles/{article_id}/publish": own(*EDITORS),
    "POST /v1/articles/{article_id}/retire": own(*EDITORS),
    "GET /v1/audit/knowledge": everywhere(Role.AUDITOR),
}
