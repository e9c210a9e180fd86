-- Schedules: what is declared and by which version, and every fire with the job that it made.

create table schedules (
    key text collate "C" primary key check (key ~ '^[a-z0-9._-]{1,64}$'),
    cron text not null,
    time_zone text not null,
    description text not null,
    job_kind text not null,
    job_args text not null,
    missed text not null check (missed in ('catchUpOnce', 'skip')),
    -- Whether the version in force declares it; else it is kept for its history, and does not fire.
    declared boolean not null,
    paused boolean not null default false,
    -- Planned instants up to here are settled: fired, or passed over. Its row is locked by whoever fires.
    planned_through timestamptz not null,
    -- What becomes of a fire that falls due while the job of an earlier one has not ended.
    overlap text not null default 'skip' check (overlap in ('skip', 'queue'))
);

-- Sets of declarations, by hash. The last to be declared is in force.
create table schedule_versions (
    fingerprint text primary key,
    declared_at timestamptz not null
);

-- Workers that are alive, with the set that they were built with.
create table schedule_workers (
    process text primary key,
    fingerprint text not null,
    build text not null,
    runs_initially boolean not null,
    expires_at timestamptz not null
);

create table schedule_fires (
    id bigint generated always as identity primary key,
    key text collate "C" not null references schedules,
    scheduled_for timestamptz not null,
    reason text not null check (reason in ('planned', 'missed', 'manual', 'initial')),
    fired_at timestamptz not null default clock_timestamp(),
    -- Set in the transaction that inserts it.
    job_id bigint,
    -- As its job was when last looked at; schedule_runs knows better.
    status text not null default 'pending'
        constraint schedule_fires_status_check
        check (status in ('pending', 'running', 'succeeded', 'failed', 'cancelled', 'skipped') and (status <> 'skipped' or job_id is null)),
    started_at timestamptz,
    finished_at timestamptz,
    error text,
    unique (key, scheduled_for)
);
create index schedule_fires_by_key on schedule_fires (key, id);
create index schedule_fires_open on schedule_fires (id) where status not in ('succeeded', 'skipped');
