"""The statements of filing: each takes a whole batch."""

FIND_KEPT = """SELECT k.caller, k.path, k.key, k.body_hash, k.status, k.headers, k.answer
FROM kept_answers k JOIN unnest($1::text[], $2::text[], $3::text[]) AS w (caller, path, key)
USING (caller, path, key)"""
KEEP = """INSERT INTO kept_answers (caller, path, key, body_hash, status, headers, answer)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::int2[], $6::text[],
    $7::bytea[])"""
FIND_FIRST = """SELECT w.place::int AS place, t.id, t.number, t.state, t.sequence, t.accepted_at
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
    WITH ORDINALITY AS w (jurisdiction, channel, channel_ref, external_id, place)
JOIN LATERAL (
    (SELECT id, number, state, sequence, accepted_at FROM tickets t
    WHERE t.jurisdiction = w.jurisdiction AND t.channel = w.channel
        AND t.channel_ref = w.channel_ref AND t.channel_ref IS NOT NULL)
    UNION ALL
    (SELECT id, number, state, sequence, accepted_at FROM tickets t
    WHERE t.jurisdiction = w.jurisdiction AND t.external_id = w.external_id
        AND t.external_id IS NOT NULL)
    LIMIT 1) t ON true"""
FIND_CALLERS = "SELECT id, phone_index FROM callers WHERE phone_index = ANY($1::bytea[])"
ADD_CALLERS = """INSERT INTO callers (id, phone_index)
SELECT * FROM unnest($1::uuid[], $2::bytea[]) ON CONFLICT (phone_index) DO NOTHING"""
TAKE_NUMBERS = """SELECT coalesce($2::timestamptz, clock_timestamp()) AS at,
ARRAY(SELECT nextval('ticket_serial') FROM generate_series(1, $1)) AS serials"""
FIND_ARTICLES = "SELECT id FROM articles WHERE id = ANY($1::uuid[]) AND is_published"
ADD_TICKETS = """INSERT INTO tickets (id, number, jurisdiction, request_type, urgency,
    is_enforcement, title, content, channel, channel_ref, external_id, category, place,
    caller_id, identity, filed_by, filed_at, accepted_at, state, ground, article_id, policy,
    sequence)
SELECT *, 1 FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bool[],
    $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::jsonb[],
    $14::uuid[], $15::bytea[], $16::text[], $17::timestamptz[], $18::timestamptz[], $19::text[],
    $20::text[], $21::uuid[], $22::text[])"""
