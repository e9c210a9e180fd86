-- Messages to be delivered, every attempt, the endpoints of webhooks, and what catalogs report.

-- Bodies are json, not jsonb: a webhook's signature is over the bytes as they came.
create table messages (
    id uuid primary key,
    organization text collate "C" not null check (organization ~ '^[A-Za-z0-9._:-]{1,128}$'),
    channel text collate "C" not null check (channel in ('whatsapp', 'webhook', 'catalog', 'email')),
    recipient text collate "C" not null check (length(recipient) between 1 and 2048),
    event_type text check (length(event_type) between 1 and 128),
    body json not null check (octet_length(body::text) <= 262144),
    state text collate "C" not null default 'pending' check (state in ('pending', 'sending', 'delivered', 'uncertain', 'dead')),
    -- Counts how often it was driven: a job of an earlier drive does nothing.
    drive int not null default 1 check (drive > 0),
    attempts int not null default 0 check (attempts >= 0),
    -- Those of earlier drives: the schedule begins anew with each.
    spent int not null default 0 check (spent between 0 and attempts),
    error text check (length(error) <= 4000),
    error_code int,
    -- How the far side calls it, and what it has told of it since.
    provider_id text check (length(provider_id) between 1 and 256),
    receipt text check (receipt in ('sent', 'delivered', 'read', 'failed')),
    receipt_at timestamptz,
    idempotency_key text,
    payload_hash bytea check (octet_length(payload_hash) = 32),
    created_at timestamptz not null default clock_timestamp(),
    sent_at timestamptz,
    next_at timestamptz,
    delivered_at timestamptz,
    died_at timestamptz,
    -- The attempt that delivered it: the last one, numbered as there were attempts, begun at sent_at. Without checks of
    -- their own: every check of a table is made again at every change of a row.
    latency_ms int,
    request text,
    status int,
    response_headers text,
    response_body text,
    check ((state = 'delivered') = (delivered_at is not null)),
    check ((state = 'dead') = (died_at is not null)),
    check (state <> 'dead' or error is not null),
    check ((receipt is null) = (receipt_at is null)),
    check ((idempotency_key is null) = (payload_hash is null))
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
create index messages_of_organization on messages (organization, id desc);
create index messages_undelivered on messages (organization, id desc) where delivered_at is null;
create unique index messages_idempotency on messages (organization, idempotency_key) where idempotency_key is not null;
create index messages_by_provider on messages (provider_id) where provider_id is not null;

-- Attempts other than the one that delivered the message. No foreign key: every insert would lock its message's row; pruning deletes both.
create table deliveries (
    message_id uuid not null,
    number int not null check (number > 0),
    outcome text not null check (outcome in ('delivered', 'failed', 'lost', 'refused')),
    started_at timestamptz not null,
    latency_ms int not null check (latency_ms >= 0),
    request text check (octet_length(request) <= 65536),
    status int,
    response_headers text check (octet_length(response_headers) <= 65536),
    response_body text check (octet_length(response_body) <= 65536),
    error text check (length(error) <= 4000),
    primary key (message_id, number)
);

-- Registered by an organization, or (without a secret) remembered because a URL has failed.
create table webhook_endpoints (
    id uuid primary key default gen_random_uuid(),
    organization text collate "C" not null check (organization ~ '^[A-Za-z0-9._:-]{1,128}$'),
    url text collate "C" not null check (length(url) between 1 and 2048),
    event_types text[] not null default '{}',
    secret text,
    -- Signs beside the secret until then, so that a receiver can change over.
    previous_secret text,
    previous_until timestamptz,
    closed_at timestamptz,
    closed_reason text,
    -- The circuit: failures in a row, how often it has opened since the last success, and until when nothing is sent.
    failures int not null default 0 check (failures >= 0),
    trips int not null default 0 check (trips >= 0),
    open_until timestamptz,
    created_at timestamptz not null default clock_timestamp(),
    unique (organization, url),
    check ((closed_at is null) = (closed_reason is null)),
    check ((previous_secret is null) = (previous_until is null)),
    check (secret is not null or (previous_secret is null and event_types = '{}'))
) with (fillfactor = 70);
create index webhook_endpoints_by_event on webhook_endpoints using gin (event_types) where secret is not null;
-- Those whose circuit is open: few.
create index webhook_endpoints_open on webhook_endpoints (open_until) where open_until is not null;
-- Those that have failed since their last success: few.
create index webhook_endpoints_failing on webhook_endpoints (id) where failures > 0;

-- A channel that is silent for a while, because the far side has said something that holds for all of its messages.
create table message_channels (
    channel text primary key,
    paused_until timestamptz not null,
    reason text not null check (length(reason) <= 4000),
    error_code int,
    since timestamptz not null default clock_timestamp()
);

-- What the catalog says of each item that it was last sent.
create table catalog_reports (
    organization text collate "C" not null check (organization ~ '^[A-Za-z0-9._:-]{1,128}$'),
    item text collate "C" not null check (length(item) between 1 and 128),
    message_id uuid not null,
    -- Why it was not taken; null: it was.
    error text check (length(error) <= 1000),
    reported_at timestamptz not null default clock_timestamp(),
    primary key (organization, item)
) with (fillfactor = 70);
create index catalog_reports_old on catalog_reports (reported_at);
