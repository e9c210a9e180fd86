namespace Migrations;

/// <summary>Taking jobs: limits, orders and turns.</summary>
public sealed partial class M20261122_Jobs
{
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
        -- Whether a job may start now under its order and limits; if not, it is made to wait. Call jobs_lock_limits first.
        create function jobs_admit(in_id bigint, in_moment timestamptz) returns boolean language plpgsql as $$
        declare
            job jobs;
            bound record;
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
            late := in_moment - job.run_at;
            for bound in select b.key, make_interval(secs => b.per / b.rate) as pause from jsonb_to_recordset(coalesce(job.limits, '[]')) as b(key text, rate int, per float8) where b.rate is not null loop
                select r.free_at - greatest(interval '0.2 s' - bound.pause, interval '0'), r.next_at into free, after from job_rates r where r.key = bound.key;
                continue when not found;
                opens := greatest(opens, free);
                crowded := crowded or after > in_moment;
                -- The time that it was given is long past, and those of others may be as well: they must not all start now.
                job.paced := job.paced and late <= greatest(bound.pause, interval '0.2 s');
            end loop;
            if opens > in_moment or (crowded and not job.paced) then
                if job.paced then
                    slot := opens;
                else
                    for bound in select b.key, make_interval(secs => b.per / b.rate) as pause from jsonb_to_recordset(job.limits) as b(key text, rate int, per float8) where b.rate is not null loop
                        insert into job_rates as r (key, free_at, next_at) values (bound.key, in_moment, in_moment + bound.pause)
                        on conflict (key) do update set next_at = greatest(r.next_at, r.free_at, in_moment) + bound.pause
                        returning r.next_at - bound.pause into after;
                        slot := greatest(slot, after);
                    end loop;
                end if;
                update jobs set state = 'scheduled', run_at = slot, paced = true where id = in_id;
                perform jobs_pass(job.limits);
                return false;
            end if;
            insert into job_rates as r (key, free_at, next_at)
            select b.key, in_moment + make_interval(secs => b.per / b.rate), in_moment from jsonb_to_recordset(coalesce(job.limits, '[]')) as b(key text, rate int, per float8) where b.rate is not null
            on conflict (key) do update set free_at = greatest(r.free_at, in_moment) + (excluded.free_at - in_moment);
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
        returns table (id bigint, kind text, organization text, queue text, args text, attempt int, max_attempts int, guarded boolean, crashes int, rank smallint, claim int)
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
            moment timestamptz;
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
                    moment := clock_timestamp();
                    foreach one in array limited loop
                        if not jobs_admit(one, moment) then
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
            set state = 'running', worker = in_worker, attempt = j.attempt + 1, claims = j.claims + 1, started_at = coalesce(moment, clock_timestamp()), ahead = in_ahead and not j.suspect, run_at = null, paced = false
            where j.id = any(ids)
            returning j.id, j.kind, j.organization, j.queue, j.args, j.attempt, j.max_attempts,
                j.unique_key is not null or j.order_key is not null or j.limits is not null, j.crashes::int, j.rank, j.claims;
        end $$;
        """;
}
