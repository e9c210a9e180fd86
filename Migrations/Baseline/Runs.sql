-- Runs: accepted plans, their steps, every attempt, the events that are streamed, and what language models were used for.

-- Whoever changes anything of a run holds the lock of its row in runs, so its events are numbered in the order of
-- their commits, and a reader of "greater than the last seen" skips none.
-- Inputs and outputs are json, not jsonb: they are handed on as they came, and jsonb refuses some of JSON (\u0000).
create table runs (
    id uuid primary key,
    organization text not null check (organization ~ '^[A-Za-z0-9._:-]{1,128}$'),
    goal text not null,
    priority int not null check (priority between -1000 and 1000),
    status text not null check (status in ('pending', 'running', 'succeeded', 'failed', 'cancelled')),
    failed_step text,
    error text,
    last_event int not null default 0,
    idempotency_key text,
    payload_hash bytea check (octet_length(payload_hash) = 32),
    created_at timestamptz not null default clock_timestamp(),
    started_at timestamptz,
    ended_at timestamptz,
    check ((status in ('succeeded', 'failed', 'cancelled')) = (ended_at is not null)),
    check ((status = 'failed') = (error is not null)),
    check ((idempotency_key is null) = (payload_hash is null))
) with (fillfactor = 70);
create index runs_of_organization on runs (organization, id desc);
create index runs_by_status on runs (organization, status, id desc);
-- Runs that have not ended are counted, and old ones found, without looking at the others.
create index runs_active on runs (status, created_at) where ended_at is null;
create index runs_ended on runs (ended_at) where ended_at is not null;
create unique index runs_idempotency on runs (organization, idempotency_key) where idempotency_key is not null;

-- activation counts the jobs that the step was given; a job of an earlier activation does nothing.
-- job_attempt is the highest attempt of that job that has begun; one below it has lost its lease.
create table run_steps (
    run_id uuid not null references runs (id) on delete cascade,
    name text not null check (name ~ '^[A-Za-z0-9._:-]{1,128}$'),
    position int not null check (position >= 0),
    handler text not null,
    input json not null,
    depends_on text[] not null,
    timeout_ms int not null check (timeout_ms > 0),
    max_attempts int not null check (max_attempts > 0),
    continue_on_error boolean not null,
    status text not null default 'pending'
        check (status in ('pending', 'ready', 'running', 'waiting', 'succeeded', 'failed', 'skipped', 'cancelled')),
    output json,
    error text,
    activation int not null default 0 check (activation >= 0),
    job_id bigint,
    job_attempt int not null default 0,
    wake_at timestamptz,
    started_at timestamptz,
    ended_at timestamptz,
    primary key (run_id, name),
    unique (run_id, position),
    check ((status in ('succeeded', 'failed', 'skipped', 'cancelled')) = (ended_at is not null)),
    check ((status = 'succeeded') = (output is not null)),
    check (status <> 'failed' or error is not null),
    check ((status in ('ready', 'running', 'waiting')) <= (activation > 0))
) with (fillfactor = 70);
-- The few steps that are under way, for the rescue of those whose job has gone.
create index run_steps_under_way on run_steps (job_id) where status in ('ready', 'running', 'waiting');

create table run_attempts (
    run_id uuid not null,
    step text not null,
    number int not null check (number > 0),
    status text not null check (status in ('running', 'waiting', 'succeeded', 'failed', 'interrupted', 'cancelled')),
    worker text not null,
    error text,
    started_at timestamptz not null default clock_timestamp(),
    ended_at timestamptz,
    primary key (run_id, step, number),
    foreign key (run_id, step) references run_steps (run_id, name) on delete cascade,
    check ((status in ('running', 'waiting')) = (ended_at is null)),
    check (status <> 'failed' or error is not null)
) with (fillfactor = 70);
create unique index run_attempts_one_open on run_attempts (run_id, step) where status in ('running', 'waiting');

create table run_events (
    run_id uuid not null references runs (id) on delete cascade,
    id int not null check (id > 0),
    step text,
    status text not null,
    attempt int,
    at timestamptz not null default clock_timestamp(),
    primary key (run_id, id)
);

create table llm_usage (
    organization text not null,
    month date not null check (extract(day from month) = 1),
    provider text not null,
    model text not null,
    requests bigint not null check (requests >= 0),
    input_tokens bigint not null check (input_tokens >= 0),
    output_tokens bigint not null check (output_tokens >= 0),
    primary key (organization, month, provider, model)
) with (fillfactor = 70);
