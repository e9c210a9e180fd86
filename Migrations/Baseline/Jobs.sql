-- The queue of jobs, its workers, limits, logs, and what has succeeded.

-- A process that runs jobs: one lease for all that it holds, so that a heartbeat is one row however many jobs run.
create table job_workers (
    id bigint generated always as identity primary key,
    process text not null,
    concurrency int not null check (concurrency > 0),
    started_at timestamptz not null default clock_timestamp(),
    lease_expires_at timestamptz not null,
    -- When the lease was last renewed. A version that does not say so is never charged with the crash of a worker.
    beat_at timestamptz not null default clock_timestamp()
) with (fillfactor = 50);

create table job_queues (
    name text collate "C" primary key,
    paused_at timestamptz
);

-- Jobs that wait, run, or have ended otherwise than well. Jobs that succeeded move to job_done, so that this table stays small.
create table jobs (
    id bigint generated always as identity primary key,
    queue text collate "C" not null check (length(queue) between 1 and 128),
    kind text collate "C" not null check (length(kind) between 1 and 128),
    organization text collate "C" not null check (length(organization) <= 128),
    state text collate "C" not null check (state in ('scheduled', 'queued', 'waiting', 'running', 'cancelled', 'dead')),
    priority smallint not null check (priority between -1000 and 1000),
    -- Place in the line: the priority, or before all others for a job that was interrupted.
    rank smallint not null,
    attempt int not null default 0 check (attempt >= 0),
    max_attempts int not null check (max_attempts > 0),
    -- Only rises, unlike attempts: with the worker it is the fence of every write by who claimed it.
    claims int not null default 0,
    args text not null check (octet_length(args) <= 262144),
    created_at timestamptz not null default clock_timestamp(),
    run_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    -- No foreign key: it would cost every claim a look-up, and rescue deletes a worker only after its jobs are freed.
    worker bigint,
    -- Claimed before there was room to run it: its worker's death says little about it.
    ahead boolean not null default false,
    suspect boolean not null default false,
    crashes smallint not null default 0,
    cancel_requested boolean not null default false,
    unique_key text collate "C",
    order_key text collate "C",
    limits jsonb,
    -- Whether run_at is the time that it was given under the rates of its limits.
    paced boolean not null default false,
    waits_for text collate "C",
    progress real check (progress between 0 and 1),
    progress_text text,
    errors jsonb,
    check ((state = 'running') = (worker is not null)),
    check (state <> 'scheduled' or run_at is not null),
    check ((state = 'waiting') = (waits_for is not null)),
    check ((state in ('cancelled', 'dead')) = (finished_at is not null))
) with (fillfactor = 85, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000, autovacuum_vacuum_cost_delay = 0);
-- The kind is part of it, so that a claim passes over kinds that its worker does not know in one step (jobs_pick).
create index jobs_in_line on jobs (queue, organization, kind, rank, id) where state = 'queued';
-- Without the state: with it in the condition, the planner took an empty table's plan and looked through all that is queued.
create index jobs_suspects on jobs (id) where suspect;
create index jobs_scheduled on jobs (run_at) where state = 'scheduled';
create index jobs_held on jobs (worker) where worker is not null;
create index jobs_waiting on jobs (waits_for, rank, id) where state = 'waiting';
create index jobs_ordered on jobs (order_key, id) where order_key is not null and finished_at is null;
create index jobs_ordered_running on jobs (order_key) where state = 'running' and order_key is not null;
create index jobs_ended on jobs (finished_at, id) where finished_at is not null;

create table job_done (
    id bigint not null,
    queue text collate "C" not null,
    kind text collate "C" not null,
    organization text collate "C" not null,
    priority smallint not null,
    attempt int not null,
    max_attempts int not null,
    args text not null,
    created_at timestamptz not null,
    started_at timestamptz not null,
    finished_at timestamptz not null default clock_timestamp(),
    worker bigint not null,
    result text check (octet_length(result) <= 65536),
    errors jsonb
) partition by range (finished_at);
create index job_done_id on job_done (id);
create table job_done_rest partition of job_done default;

-- Today's and tomorrow's, so that the default partition stays empty; later ones are made by the leading worker.
do $$
declare day date;
begin
    for i in 0 .. 1 loop
        day := (now() at time zone 'utc')::date + i;
        execute format('create table job_done_%s partition of job_done for values from (%L) to (%L)',
            to_char(day, 'YYYYMMDD'), day || ' 00:00+00', (day + 1) || ' 00:00+00');
    end loop;
end $$;

-- While the row is there, no other job with the key is added.
create table job_uniques (
    key text collate "C" primary key,
    job_id bigint not null,
    -- Null: until the job ends.
    expires_at timestamptz
);
create index job_uniques_job on job_uniques (job_id);

-- A running job that counts under a limit of concurrency.
create table job_holds (
    key text collate "C" not null,
    job_id bigint not null,
    primary key (key, job_id)
);
create index job_holds_job on job_holds (job_id);

-- When the next job under a limit of rate may start, and which time the next that must wait for its start is given.
create table job_rates (
    key text collate "C" primary key,
    free_at timestamptz not null,
    next_at timestamptz not null
) with (fillfactor = 50);

create table job_log (
    job_id bigint not null,
    at timestamptz not null default clock_timestamp(),
    attempt int not null,
    line text not null check (length(line) <= 2000)
);
create index job_log_job on job_log (job_id, at);
create index job_log_at on job_log using brin (at);

-- Attempts that ended, counted by the workers: rows of jobs are too many to be counted again for every look.
create table job_minutes (
    at timestamptz not null,
    kind text collate "C" not null,
    outcome text collate "C" not null,
    attempts bigint not null,
    seconds float8 not null,
    primary key (at, kind, outcome)
) with (fillfactor = 70);

-- When each channel was last announced on, in milliseconds: sequences, since everyone sees them at once and nobody waits for them.
create sequence jobs_announced;
create sequence jobs_announced_messages;
