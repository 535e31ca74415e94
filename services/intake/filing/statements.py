"""The statements of filing: each takes a whole batch."""

FIND_KEPT = """SELECT k.caller, k.path, k.key, k.body_hash, k.status, k.headers, k.answer
FROM kept_answers k JOIN unnest($1::text[], $2::text[], $3::text[]) AS w (caller, path, key)
USING (caller, path, key)"""
# What is being verified, or was over before it came here, was never accepted here.
FIND_FIRST = """SELECT w.place::int AS place, t.id, t.number, t.state, t.sequence,
    CASE WHEN t.state <> 'verifying' AND NOT EXISTS (
        SELECT FROM histories h WHERE h.ticket_id = t.id) THEN t.accepted_at END AS accepted_at
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
# Numbers and the time, the callers that are known, and whether anything here was filed before.
LOOK = """SELECT coalesce($1::timestamptz, clock_timestamp()) AS at,
(SELECT version FROM law_version) AS law_version,
ARRAY(SELECT nextval('ticket_serial') FROM generate_series(1, $2)) AS serials,
ARRAY(SELECT phone_index FROM callers WHERE phone_index = ANY($3::bytea[])
    ORDER BY phone_index) AS phone_indexes,
ARRAY(SELECT id FROM callers WHERE phone_index = ANY($3::bytea[])
    ORDER BY phone_index) AS caller_ids,
EXISTS (SELECT FROM unnest($4::text[], $5::text[], $6::text[]) AS w (caller, path, key)
    JOIN kept_answers USING (caller, path, key)) AS has_kept,
EXISTS (SELECT FROM unnest($7::text[], $8::text[], $9::text[]) AS w (jurisdiction, channel, ref)
    JOIN tickets t ON t.jurisdiction = w.jurisdiction AND t.channel = w.channel
        AND t.channel_ref = w.ref AND t.channel_ref IS NOT NULL)
OR EXISTS (SELECT FROM unnest($10::text[], $11::text[]) AS w (jurisdiction, ref)
    JOIN tickets t ON t.jurisdiction = w.jurisdiction
        AND t.external_id = w.ref AND t.external_id IS NOT NULL) AS has_first"""
FIND_ARTICLES = "SELECT id FROM articles WHERE id = ANY($1::uuid[]) AND is_published"
_BESIDE = """WITH new_callers AS (
    INSERT INTO callers (id, phone_index) SELECT * FROM unnest($29::uuid[], $30::bytea[])
), said AS (
    INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)
    SELECT * FROM unnest($31::text[], $32::text[], $33::text[], $34::text[], $35::text[])
), kept AS (
    INSERT INTO kept_answers (caller, path, key, body_hash, status, headers, answer)
    SELECT * FROM unnest($36::text[], $37::text[], $38::text[], $39::bytea[], $40::int2[],
        $41::text[], $42::bytea[])
)"""
_MORE_BESIDE = """asked AS (
    INSERT INTO verifications (ticket_id, unit, question, requested_by, asked_at)
    SELECT * FROM unnest($43::uuid[], $44::text[], $45::text[], $46::text[], $47::timestamptz[])
), recorded AS (
    INSERT INTO histories (ticket_id, closed_at, result, unit_name)
    SELECT * FROM unnest($48::uuid[], $49::timestamptz[], $50::text[], $51::text[])
), handed AS (
    INSERT INTO hand_overs (ticket_id, line, way, note, handed_by, at)
    SELECT * FROM unnest($52::uuid[], $53::text[], $54::text[], $55::text[], $56::text[],
        $57::timestamptz[])
)"""
_TICKETS = """INSERT INTO tickets (id, number, jurisdiction, request_type, urgency,
    is_enforcement, title, content, channel, channel_ref, external_id, category, place, caller_id,
    identity, filed_by, filed_at, accepted_at, state, ground, article_id, policy,
    about_unit, repeats, override, is_mediation, origin, secrecy, sequence)
SELECT *, 1 FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bool[],
    $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::jsonb[],
    $14::uuid[], $15::bytea[], $16::text[], $17::timestamptz[], $18::timestamptz[], $19::text[],
    $20::text[], $21::uuid[], $22::text[], $23::text[], $24::uuid[], $25::text[], $26::bool[],
    $27::jsonb[], $28::text[])"""
# All that filing writes, in one statement: it is its own transaction where none is open.
ADD = f"{_BESIDE}\n{_TICKETS}"
ADD_WITH_MORE = f"{_BESIDE}, {_MORE_BESIDE}\n{_TICKETS}"
"""For a batch in which a unit is asked first, something is of the past or was handed over."""
KEEP = """INSERT INTO kept_answers (caller, path, key, body_hash, status, headers, answer)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::int2[], $6::text[],
    $7::bytea[])"""
