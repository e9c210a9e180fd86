-- Events that providers have sent, as they came, and the messages that people have sent.

create table webhook_events (
    id bigint generated always as identity primary key,
    provider text not null,
    -- What makes it the same event when it is sent again.
    dedupe_key text not null check (length(dedupe_key) between 1 and 300),
    type text not null,
    state text not null check (state in ('received', 'processed', 'failed', 'unreadable')),
    -- The bytes that were signed, and the headers beside them.
    body bytea not null check (octet_length(body) <= 1048576),
    headers json not null,
    -- How often it has come again.
    repeats int not null default 0,
    attempts int not null default 0,
    -- What it came to, and what went wrong last.
    outcome text,
    error text,
    received_at timestamptz not null default clock_timestamp(),
    processed_at timestamptz,
    unique (provider, dedupe_key),
    check (state not in ('failed', 'unreadable') or error is not null),
    check (state <> 'processed' or processed_at is not null)
) with (fillfactor = 80);
alter table webhook_events alter column body set storage external;
create index webhook_events_by_state on webhook_events (state, id desc);
create index webhook_events_by_provider on webhook_events (provider, id desc);
create index webhook_events_by_age on webhook_events (received_at);

create table inbound_messages (
    id bigint generated always as identity primary key,
    organization text not null check (organization ~ '^[A-Za-z0-9._:-]{1,128}$'),
    channel text not null,
    -- The far side's name for it: the same message is stored once, however often it is told.
    external_id text not null,
    sender text not null,
    sender_name text,
    recipient text not null,
    type text not null,
    text text,
    raw json not null,
    sent_at timestamptz,
    received_at timestamptz not null default clock_timestamp(),
    unique (channel, external_id)
);
create index inbound_messages_by_sender on inbound_messages (organization, sender, id desc);
