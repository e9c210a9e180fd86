using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Migrations;

/// <summary>The jobs engine: the queue, its workers, limits, logs and what has succeeded.</summary>
[DbContext(typeof(SchemaContext))]
[Migration("20261122000000_Jobs")]
public sealed class M20261122_Jobs : Migration
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

    private const string Release = """
        -- Admissions under limits and releases of them take turns, so that no release falls between a look and a wait.
        create function jobs_lock_limits() returns void language sql as $$ select pg_advisory_xact_lock(8371, 1) $$;

        -- The best job that waits for a place under a limit is queued again.
        create function jobs_wake(in_key text) returns void language sql as $$
            update jobs set state = 'queued', waits_for = null
            where id = (select id from jobs where state = 'waiting' and waits_for = 'limit:' || in_key order by rank, id limit 1 for update skip locked)
        $$;

        -- The first job of an order is queued again, if it waits for its turn.
        create function jobs_wake_order(in_key text) returns void language sql as $$
            update jobs set state = 'queued', waits_for = null
            where id = (select id from jobs where order_key = in_key and finished_at is null order by id limit 1) and state = 'waiting' and waits_for = 'order:' || in_key
        $$;

        -- A job does not take the places under its limits that it may have been woken for: others are.
        create function jobs_pass(in_limits jsonb) returns void language plpgsql as $$
        declare bound record;
        begin
            for bound in select * from jsonb_to_recordset(coalesce(in_limits, '[]')) as b(key text, concurrency int) where b.concurrency is not null loop
                if (select count(*) from job_holds h where h.key = bound.key) < bound.concurrency then
                    perform jobs_wake(bound.key);
                end if;
            end loop;
        end $$;

        -- Gives back what jobs that run no more held under limits, and wakes those that waited for it; call jobs_lock_limits first.
        create function jobs_release(in_ids bigint[]) returns void language plpgsql as $$
        declare freed text;
        begin
            for freed in with gone as (delete from job_holds where job_id = any(in_ids) returning key) select key from gone loop
                perform jobs_wake(freed);
            end loop;
        end $$;

        -- What else ends with jobs that have ended: their unique keys, and the wait of those behind them in an order.
        create function jobs_end(in_ids bigint[], in_order_keys text[]) returns void language plpgsql as $$
        declare ended text;
        begin
            delete from job_uniques where job_id = any(in_ids) and (expires_at is null or expires_at <= clock_timestamp());
            for ended in select distinct k from unnest(in_order_keys) as k where k is not null loop
                perform jobs_wake_order(ended);
            end loop;
        end $$;

        -- Adds an error to a job's list, of which the last twenty are kept.
        create function jobs_errors(in_errors jsonb, in_attempt int, in_worker bigint, in_error text) returns jsonb language sql as $$
            select case when jsonb_array_length(coalesce(in_errors, '[]')) >= 20 then in_errors - 0 else coalesce(in_errors, '[]') end
                || jsonb_build_object('attempt', in_attempt, 'at', clock_timestamp(), 'worker', in_worker, 'error', in_error)
        $$;
        """;

    // The planner is told to use the indexes: the tables grow and shrink faster than statistics follow.
    private const string Claim = """
        -- Whether a job may start under its order and limits; if not, it is made to wait. Call jobs_lock_limits first.
        create function jobs_admit(in_id bigint) returns boolean language plpgsql as $$
        declare
            job jobs;
            bound record;
            moment timestamptz := clock_timestamp();
            free timestamptz;
            after timestamptz;
            opens timestamptz := '-infinity';
            slot timestamptz := '-infinity';
            crowded boolean := false;
            late interval;
        begin
            select * into job from jobs where id = in_id;
            -- One behind it may run although it came first: its commit came late.
            if job.order_key is not null and exists (
                select from jobs j where j.order_key = job.order_key and (j.id < job.id or j.state = 'running') and j.order_key is not null and j.finished_at is null) then
                update jobs set state = 'waiting', waits_for = 'order:' || job.order_key where id = in_id;
                perform jobs_pass(job.limits);
                return false;
            end if;
            for bound in select * from jsonb_to_recordset(coalesce(job.limits, '[]')) as b(key text, concurrency int) where b.concurrency is not null loop
                if (select count(*) from job_holds h where h.key = bound.key) >= bound.concurrency then
                    update jobs set state = 'waiting', waits_for = 'limit:' || bound.key where id = in_id;
                    perform jobs_pass(job.limits);
                    return false;
                end if;
            end loop;

            -- Starts are spaced by the pause; where it is finer than the ticks in which jobs come due, up to a fifth of a second's worth may bunch up.
            late := moment - job.run_at;
            for bound in select b.key, make_interval(secs => b.per / b.rate) as pause from jsonb_to_recordset(coalesce(job.limits, '[]')) as b(key text, rate int, per float8) where b.rate is not null loop
                select r.free_at - greatest(interval '0.2 s' - bound.pause, interval '0'), r.next_at into free, after from job_rates r where r.key = bound.key;
                continue when not found;
                opens := greatest(opens, free);
                crowded := crowded or after > moment;
                -- The time that it was given is long past, and those of others may be as well: they must not all start now.
                job.paced := job.paced and late <= greatest(bound.pause, interval '0.2 s');
            end loop;
            if opens > moment or (crowded and not job.paced) then
                if job.paced then
                    slot := opens;
                else
                    for bound in select b.key, make_interval(secs => b.per / b.rate) as pause from jsonb_to_recordset(job.limits) as b(key text, rate int, per float8) where b.rate is not null loop
                        insert into job_rates as r (key, free_at, next_at) values (bound.key, moment, moment + bound.pause)
                        on conflict (key) do update set next_at = greatest(r.next_at, r.free_at, moment) + bound.pause
                        returning r.next_at - bound.pause into after;
                        slot := greatest(slot, after);
                    end loop;
                end if;
                update jobs set state = 'scheduled', run_at = slot, paced = true where id = in_id;
                perform jobs_pass(job.limits);
                return false;
            end if;
            insert into job_rates as r (key, free_at, next_at)
            select b.key, moment + make_interval(secs => b.per / b.rate), moment from jsonb_to_recordset(coalesce(job.limits, '[]')) as b(key text, rate int, per float8) where b.rate is not null
            on conflict (key) do update set free_at = greatest(r.free_at, moment) + (excluded.free_at - at);
            insert into job_holds (key, job_id)
            select b.key, in_id from jsonb_to_recordset(coalesce(job.limits, '[]')) as b(key text, concurrency int) where b.concurrency is not null
            on conflict do nothing;
            return true;
        end $$;

        -- Takes up to so many jobs for a worker whose lease holds. Lines (a queue's jobs of one organization) take turns, beginning
        -- behind the line given; within a line the rank and then the id decide. Suspects, which some worker died with, come first:
        -- as many as can start at once, and of those that two workers died with, one.
        create function jobs_claim(
            in_worker bigint, in_kinds text[], in_limit int, in_ahead boolean, in_suspects int, in_solo boolean, in_after_queue text, in_after_organization text)
        returns table (id bigint, kind text, organization text, queue text, args text, attempt int, max_attempts int, guarded boolean, crashes int, rank smallint)
        language plpgsql
        set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
        as $$
        #variable_conflict use_column
        declare
            paused text[] := array(select q.name from job_queues q where q.paused_at is not null);
            queues text[] := '{}';
            organizations text[] := '{}';
            q text := in_after_queue;
            o text := in_after_organization;
            wrapped boolean := false;
            round boolean := false;
            line record;
            ids bigint[] := '{}';
            fresh bigint[];
            limited bigint[];
            one bigint;
            bounded boolean;
            any_limited boolean := false;
            refused int := 0;
            turned_away int;
        begin
            -- Shared with other claims and with heartbeats, but not with rescue: a dead worker's jobs are freed once and for all.
            perform from job_workers w where w.id = in_worker and w.lease_expires_at > clock_timestamp() for key share;
            if not found then
                raise exception 'the lease of job worker % is lost', in_worker using errcode = 'TD003';
            end if;

            if in_suspects > 0 and exists (select from jobs j where j.state = 'queued' and j.suspect) then
                ids := array(select j.id from jobs j where j.state = 'queued' and j.suspect and j.crashes < 2 and j.kind = any(in_kinds) and j.queue <> all(paused)
                    order by j.id limit in_suspects for update skip locked);
                if in_solo then
                    ids := ids || array(select j.id from jobs j where j.state = 'queued' and j.suspect and j.crashes >= 2 and j.kind = any(in_kinds) and j.queue <> all(paused)
                        order by j.id limit 1 for update skip locked);
                end if;
                any_limited := cardinality(ids) > 0;
            end if;

            -- Lines that have nothing for this worker, and jobs that their limits turn away, must not hide what is behind them.
            loop
                queues := '{}';
                organizations := '{}';
                while cardinality(queues) < 32 and not round loop
                    select j.queue, j.organization into line from jobs j
                    where j.state = 'queued' and (j.queue, j.organization) > (q, o) order by j.queue, j.organization limit 1;
                    if not found then
                        round := wrapped;
                        wrapped := true;
                        q := '';
                        o := '';
                        continue;
                    end if;
                    round := wrapped and (line.queue, line.organization) > (in_after_queue, in_after_organization);
                    exit when round;
                    q := line.queue;
                    o := line.organization;
                    if q = any(paused) then
                        o := chr(1114111);
                        continue;
                    end if;
                    queues := queues || q;
                    organizations := organizations || o;
                end loop;

                -- What a short line leaves is for the next claim, which comes at once while there are jobs.
                for ordinal in 1 .. cardinality(queues) loop
                    exit when cardinality(ids) >= in_limit;
                    select coalesce(array_agg(picked.id), '{}'), coalesce(bool_or(picked.limited), false) into fresh, bounded from (
                        select j.id, j.order_key is not null or j.limits is not null as limited from jobs j
                        where j.state = 'queued' and j.queue = queues[ordinal] and j.organization = organizations[ordinal] and not j.suspect and j.kind = any(in_kinds)
                        order by j.rank, j.id
                        limit ceil((in_limit - cardinality(ids))::numeric / (cardinality(queues) - ordinal + 1))::int
                        for update skip locked) picked;
                    ids := ids || fresh;
                    any_limited := any_limited or bounded;
                end loop;

                turned_away := 0;
                if any_limited then
                    limited := array(select j.id from jobs j where j.id = any(ids) and (j.order_key is not null or j.limits is not null) order by j.rank, j.id);
                    perform jobs_lock_limits();
                    foreach one in array limited loop
                        if not jobs_admit(one) then
                            ids := array_remove(ids, one);
                            turned_away := turned_away + 1;
                        end if;
                    end loop;
                end if;
                exit when cardinality(ids) > 0 or (round and turned_away = 0);
                if turned_away > 0 then
                    refused := refused + turned_away;
                    if refused >= 1000 then
                        -- Others have waited long enough for the limits: go on in another claim.
                        perform pg_notify('tandem_jobs', '');
                        exit;
                    end if;
                    q := in_after_queue;
                    o := in_after_organization;
                    wrapped := false;
                    round := false;
                    any_limited := false;
                end if;
            end loop;

            return query
            update jobs as j
            set state = 'running', worker = in_worker, attempt = j.attempt + 1, started_at = clock_timestamp(), ahead = in_ahead and not j.suspect, run_at = null, paced = false
            where j.id = any(ids)
            returning j.id, j.kind, j.organization, j.queue, j.args, j.attempt, j.max_attempts,
                j.unique_key is not null or j.order_key is not null or j.limits is not null, j.crashes::int, j.rank;
        end $$;
        """;

    private const string Finish = """
        -- Writes what became of attempts, for a worker whose lease holds and which still holds the jobs; answers those that it was.
        -- Outcomes: succeeded, retry, snoozed, cancelled, dead, released. Delays are seconds.
        create function jobs_finish(
            in_worker bigint, in_ids bigint[], in_attempts int[], in_outcomes text[], in_delays float8[], in_texts text[], in_guarded boolean)
        returns table (id bigint) language plpgsql
        set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
        as $$
        #variable_conflict use_column
        declare
            ours bigint[];
            ended bigint[];
            orders text[];
        begin
            perform from job_workers w where w.id = in_worker and w.lease_expires_at > clock_timestamp() for key share;
            if not found then
                raise exception 'the lease of job worker % is lost', in_worker using errcode = 'TD003';
            end if;
            if in_guarded then
                perform jobs_lock_limits();
                -- Locked, so that no request to cancel falls between. Only what the worker holds is given back: an end may be written twice.
                select array_agg(h.id), array_agg(h.id) filter (where h.ends), array_agg(h.order_key) filter (where h.ends) into ours, ended, orders from (
                    select j.id, j.order_key, j.cancel_requested or f.outcome in ('succeeded', 'cancelled', 'dead') as ends
                    from jobs j join unnest(in_ids, in_attempts, in_outcomes) as f(id, attempt, outcome) on j.id = f.id and j.attempt = f.attempt
                    where j.worker + 0 = in_worker for update of j) h;
            end if;

            -- "+ 0": found by id, one after the other, and not among all that the worker holds.
            return query
            with gone as (
                delete from jobs j using unnest(in_ids, in_attempts, in_outcomes, in_texts) as f(id, attempt, outcome, result)
                where f.outcome = 'succeeded' and j.id = f.id and j.worker + 0 = in_worker and j.attempt = f.attempt
                returning j.*, f.result
            )
            insert into job_done as d (id, queue, kind, organization, priority, attempt, max_attempts, args, created_at, started_at, worker, result, errors)
            select g.id, g.queue, g.kind, g.organization, g.priority, g.attempt, g.max_attempts, g.args, g.created_at, g.started_at, in_worker, g.result, g.errors from gone g
            returning d.id;

            return query
            update jobs j set
                state = case when j.cancel_requested or f.outcome = 'cancelled' then 'cancelled' when f.outcome = 'dead' then 'dead'
                    when f.outcome = 'released' or f.delay <= 0 then 'queued' else 'scheduled' end,
                finished_at = case when j.cancel_requested or f.outcome in ('cancelled', 'dead') then clock_timestamp() end,
                run_at = case when f.outcome in ('retry', 'snoozed') and f.delay > 0 then clock_timestamp() + make_interval(secs => f.delay) end,
                rank = case when f.outcome = 'released' then -32768 else j.priority end,
                attempt = case when f.outcome in ('released', 'snoozed') then j.attempt - 1 else j.attempt end,
                errors = case when f.text is null then j.errors else jobs_errors(j.errors, j.attempt, in_worker, f.text) end,
                worker = null, ahead = false,
                suspect = j.suspect and f.outcome = 'released', crashes = case when f.outcome = 'released' then j.crashes else 0 end
            from unnest(in_ids, in_attempts, in_outcomes, in_delays, in_texts) as f(id, attempt, outcome, delay, text)
            where f.outcome <> 'succeeded' and j.id = f.id and j.worker + 0 = in_worker and j.attempt = f.attempt
            returning j.id;

            if in_guarded then
                perform jobs_release(ours);
                perform jobs_end(ended, orders);
            end if;
        end $$;
        """;

    private const string Rescue = """
        -- Frees the jobs of workers whose leases have ended. Each is charged with a crash unless it was only claimed ahead;
        -- the third makes it dead.
        create function jobs_rescue() returns table (worker bigint, process text, freed int, set_aside int) language plpgsql
        set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
        as $$
        #variable_conflict use_column
        declare
            gone record;
            ids bigint[];
        begin
            for gone in select w.id, w.process from job_workers w where w.lease_expires_at <= clock_timestamp() for update skip locked loop
                -- A worker that is stopped, not dead, may hold locks in the middle of an answer that it does not read.
                perform pg_terminate_backend(a.pid) from pg_stat_activity a
                where a.datname = current_database() and a.pid <> pg_backend_pid() and (a.application_name = gone.process or a.application_name like gone.process || '/%')
                  and not exists (select from job_workers w where w.process = gone.process and w.lease_expires_at > clock_timestamp());
                perform jobs_lock_limits();
                with held as (
                    update jobs j set
                        crashes = j.crashes + case when j.ahead then 0 else 1 end,
                        state = case when j.cancel_requested then 'cancelled' when not j.ahead and j.crashes >= 2 then 'dead' else 'queued' end,
                        finished_at = case when j.cancel_requested or (not j.ahead and j.crashes >= 2) then clock_timestamp() end,
                        errors = case when j.ahead then j.errors else jobs_errors(j.errors, j.attempt, j.worker, format('Its worker %s ended while it ran this job.', gone.process)) end,
                        attempt = case when j.ahead then j.attempt - 1 else j.attempt end,
                        rank = -32768, suspect = true, worker = null, ahead = false
                    where j.worker = gone.id
                    returning j.id, j.state
                )
                select coalesce(array_agg(held.id), '{}'), count(*), count(*) filter (where held.state = 'dead') into ids, freed, set_aside from held;
                perform jobs_release(ids);
                perform jobs_end(array(select j.id from jobs j where j.id = any(ids) and j.finished_at is not null), array(select j.order_key from jobs j where j.id = any(ids) and j.finished_at is not null));
                delete from job_workers w where w.id = gone.id;
                worker := gone.id;
                process := gone.process;
                return next;
            end loop;
            if found then
                perform pg_notify('tandem_jobs', '');
            end if;
        end $$;
        """;

    private const string Stage = """
        -- Queues what is due and wakes what nobody else would wake; answers how many, and when the next is due.
        create function jobs_stage(in_limit int) returns table (staged int, due_in interval) language plpgsql
        set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
        as $$
        #variable_conflict use_column
        declare
            next_key text := '';
            bounds jsonb;
            woken int := 0;
        begin
            -- Usually somebody who ends wakes the next. Where one was woken and then paused or redriven, nobody would.
            if exists (select from jobs j where j.state = 'waiting') then
                perform jobs_lock_limits();
                loop
                    select j.waits_for, j.limits into next_key, bounds from jobs j where j.state = 'waiting' and j.waits_for > next_key order by j.waits_for limit 1;
                    exit when not found;
                    if next_key like 'order:%' then
                        continue when exists (select from jobs b where b.order_key = substr(next_key, 7) and b.finished_at is null and b.order_key is not null and b.state <> 'waiting');
                        perform jobs_wake_order(substr(next_key, 7));
                    else
                        continue when (select count(*) from job_holds h where h.key = substr(next_key, 7))
                            >= (select max(b.concurrency) from jsonb_to_recordset(bounds) as b(key text, concurrency int) where b.key = substr(next_key, 7));
                        perform jobs_wake(substr(next_key, 7));
                    end if;
                    woken := woken + 1;
                end loop;
            end if;

            with due as (
                select j.id from jobs j where j.state = 'scheduled' and j.run_at <= clock_timestamp() order by j.run_at limit in_limit for update skip locked
            )
            update jobs j set state = 'queued' from due where j.id = due.id;
            get diagnostics staged = row_count;
            if staged + woken > 0 then
                perform pg_notify('tandem_jobs', '');
            end if;
            select min(j.run_at) - clock_timestamp() into due_in from (select s.run_at from jobs s where s.state = 'scheduled' order by s.run_at limit 1) j;
            return next;
        end $$;
        """;

    private const string Steer = """
        -- Cancels a job: at once unless it runs, else its worker is told. False: it has ended, or there is none.
        create function jobs_cancel(in_id bigint, in_reason text) returns boolean language plpgsql as $$
        declare job jobs;
        begin
            -- The row first, as a claim does; a running one takes no more locks, for its end takes that of the limits first.
            select * into job from jobs where id = in_id and finished_at is null for update;
            if not found then
                return false;
            end if;
            if job.state = 'running' then
                update jobs set cancel_requested = true where id = in_id;
                perform pg_notify('tandem_job_cancels', '');
                return true;
            end if;
            if job.order_key is not null or job.limits is not null then
                perform jobs_lock_limits();
            end if;
            update jobs set state = 'cancelled', finished_at = clock_timestamp(), waits_for = null, errors = jobs_errors(errors, attempt, null, in_reason) where id = in_id;
            perform jobs_end(array[in_id], array[job.order_key]);
            perform jobs_pass(job.limits);
            return true;
        end $$;

        -- Queues jobs again that have ended or that wait for their time, with all their attempts, but none whose unique key is another's by now.
        create function jobs_redrive(in_ids bigint[]) returns int language plpgsql as $$
        declare redriven int;
        begin
            insert into job_uniques as u (key, job_id) select distinct on (j.unique_key) j.unique_key, j.id from jobs j
            where j.id = any(in_ids) and j.finished_at is not null and j.unique_key is not null order by j.unique_key, j.id
            on conflict (key) do update set job_id = excluded.job_id, expires_at = null
            where u.expires_at <= clock_timestamp() and not exists (select from jobs j where j.id = u.job_id and j.finished_at is null);
            update jobs j set state = 'queued', finished_at = null, run_at = null, paced = false, attempt = 0, crashes = 0, suspect = false, cancel_requested = false,
                rank = j.priority, progress = null, progress_text = null
            where j.id = any(in_ids) and (j.finished_at is not null or j.state = 'scheduled')
              and (j.unique_key is null or exists (select from job_uniques u where u.key = j.unique_key and u.job_id = j.id));
            get diagnostics redriven = row_count;
            perform pg_notify('tandem_jobs', '');
            return redriven;
        end $$;
        """;
}
