"""Where words are found in a database: every column of every table that could hold them."""

from collections.abc import Collection

import asyncpg

from shared.database import plain_url
from shared.events.words import Service

COLUMNS = """SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns
JOIN information_schema.tables USING (table_catalog, table_schema, table_name)
WHERE table_type = 'BASE TABLE' AND table_schema = ANY($1)
AND data_type IN ('text', 'character varying', 'json', 'jsonb', 'bytea', 'ARRAY', 'tsvector')"""


async def traces(url: str, words: Collection[str]) -> set[str]:
    """`schema.table.column: word` wherever a word stands in one of the six services' tables."""
    connection = await asyncpg.connect(plain_url(url))
    try:
        found = set[str]()
        for row in await connection.fetch(COLUMNS, [str(service) for service in Service]):
            column = f'"{row["column_name"]}"'
            is_bytes = row["data_type"] == "bytea"
            bytes_of = column if is_bytes else f"convert_to({column}::text, 'UTF8')"
            rows = await connection.fetch(
                f"""SELECT word FROM unnest($1::text[]) AS w (word) WHERE EXISTS (
                SELECT FROM {row["table_schema"]}.{row["table_name"]}
                WHERE position(convert_to(word, 'UTF8') IN {bytes_of}) > 0)""",
                list(words),
            )
            place = f"{row['table_schema']}.{row['table_name']}.{row['column_name']}"
            found |= {f"{place}: {one['word']}" for one in rows}
    finally:
        await connection.close()
    return found
