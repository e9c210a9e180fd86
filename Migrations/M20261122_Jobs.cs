using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Migrations;

/// <summary>The jobs engine: the queue, its workers, limits, logs and what has succeeded.</summary>
[DbContext(typeof(SchemaContext))]
[Migration("20261122000000_Jobs")]
public sealed partial class M20261122_Jobs : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.Sql(Tables);
        migrationBuilder.Sql(Enqueue);
        migrationBuilder.Sql(Release);
        migrationBuilder.Sql(Claim);
        migrationBuilder.Sql(Finish);
        migrationBuilder.Sql(Rescue);
        migrationBuilder.Sql(Stage);
        migrationBuilder.Sql(Steer);
    }

    private const string Tables = """
        -- A process that runs jobs: one lease for all that it holds, so that a heartbeat is one row however many jobs run.
        create table job_workers (
            id bigint generated always as identity primary key,
            process text not null,
            concurrency int not null check (concurrency > 0),
            started_at timestamptz not null default clock_timestamp(),
            lease_expires_at timestamptz not null
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
        ) with (fillfactor = 85, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000, autovacuum_vacuum_cost_delay = 0);
        create index jobs_queued on jobs (queue, organization, rank, id) where state = 'queued';
        create index jobs_suspect on jobs (id) where state = 'queued' and suspect;
        create index jobs_scheduled on jobs (run_at) where state = 'scheduled';
        create index jobs_held on jobs (worker) where worker is not null;
        create index jobs_waiting on jobs (waits_for, rank, id) where state = 'waiting';
        create index jobs_ordered on jobs (order_key, id) where order_key is not null and finished_at is null;
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

        -- One notification a statement, however many jobs it adds.
        create function jobs_announce() returns trigger language plpgsql as $$
        begin
            perform pg_notify('tandem_jobs', '');
            return null;
        end $$;
        create trigger jobs_announce after insert on jobs for each statement execute function jobs_announce();
        """;

    private const string Enqueue = """
        -- Adds jobs in the order given; answers for each its id, or that of the job that has its unique key already.
        create function jobs_enqueue(
            in_queues text[], in_kinds text[], in_organizations text[], in_priorities smallint[], in_delays float8[], in_attempts int[],
            in_args text[], in_unique_keys text[], in_unique_for float8[], in_order_keys text[], in_limits text[])
        returns table (job_id bigint, added boolean) language plpgsql as $$
        #variable_conflict use_column
        declare
            ids bigint[];
            holders bigint[];
            ordinal int;
            holder bigint;
        begin
            if cardinality(array_remove(in_unique_keys, null)) = 0 then
                return query
                insert into jobs (queue, kind, organization, state, priority, rank, run_at, max_attempts, args, order_key, limits)
                select j.queue, j.kind, j.organization, case when j.delay > 0 then 'scheduled' else 'queued' end, j.priority, j.priority,
                    case when j.delay > 0 then clock_timestamp() + make_interval(secs => j.delay) end, j.attempts, j.args, j.order_key, j.limits::jsonb
                from unnest(in_queues, in_kinds, in_organizations, in_priorities, in_delays, in_attempts, in_args, in_order_keys, in_limits)
                    with ordinality as j(queue, kind, organization, priority, delay, attempts, args, order_key, limits, n)
                order by j.n
                returning id, true;
                return;
            end if;
            ids := array(select nextval('jobs_id_seq') from generate_series(1, cardinality(in_queues)));
            holders := array_fill(null::bigint, array[cardinality(in_queues)]);
            -- Everyone takes keys in their order, so that no two wait for each other.
            for ordinal in select u.n from unnest(in_unique_keys) with ordinality as u(key, n) where u.key is not null order by u.key collate "C", u.n loop
                loop
                    -- Waits for another transaction that is adding the same key, and then sees what became of it.
                    insert into job_uniques as u (key, job_id, expires_at)
                    values (in_unique_keys[ordinal], ids[ordinal], clock_timestamp() + make_interval(secs => in_unique_for[ordinal]))
                    on conflict (key) do update set job_id = excluded.job_id, expires_at = excluded.expires_at
                    where u.expires_at <= clock_timestamp() and not exists (select from jobs j where j.id = u.job_id and j.finished_at is null);
                    exit when found;
                    select u.job_id into holder from job_uniques u where u.key = in_unique_keys[ordinal];
                    holders[ordinal] := holder;
                    exit when holder is not null;
                end loop;
            end loop;
            insert into jobs (id, queue, kind, organization, state, priority, rank, run_at, max_attempts, args, unique_key, order_key, limits)
            overriding system value
            select j.id, j.queue, j.kind, j.organization, case when j.delay > 0 then 'scheduled' else 'queued' end, j.priority, j.priority,
                case when j.delay > 0 then clock_timestamp() + make_interval(secs => j.delay) end, j.attempts, j.args, j.unique_key, j.order_key, j.limits::jsonb
            from unnest(ids, holders, in_queues, in_kinds, in_organizations, in_priorities, in_delays, in_attempts, in_args, in_unique_keys, in_order_keys, in_limits)
                as j(id, holder, queue, kind, organization, priority, delay, attempts, args, unique_key, order_key, limits)
            where j.holder is null;
            return query select coalesce(h.holder, h.id), h.holder is null from unnest(ids, holders) with ordinality as h(id, holder, n) order by h.n;
        end $$;
        """;
}
