-- Takes up to so many jobs for a worker whose lease holds. Lines (a queue's jobs of one organization) take turns, beginning
-- behind the line given; within a line the rank and then the id decide. Suspects, which some worker died with, come first:
-- as many as can start at once, and of those that two workers died with, one. in_only and in_except name queues.
create or replace function jobs_take(
    in_worker bigint, in_kinds text[], in_limit int, in_ahead boolean, in_suspects int, in_solo boolean, in_after_queue text,
    in_after_organization text,
    in_only text[], in_except text[], in_together int)
returns table (id bigint, kind text, organization text, queue text, args text, attempt int, max_attempts int, guarded boolean,
    crashes int, rank smallint, claim int, order_key text, order_width int)
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
set plan_cache_mode = force_generic_plan
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
    late bigint[];
    one bigint;
    bounded boolean;
    any_limited boolean := false;
    running_on boolean;
    locked text[];
    keys_locked boolean := false;
    refused int := 0;
    turned_away int;
    moment timestamptz;
begin
    -- Shared with other claims and with heartbeats, but not with rescue: a dead worker's jobs are freed once and for all.
    perform from job_workers w where w.id = in_worker and w.lease_expires_at > clock_timestamp() for key share;
    if not found then
        raise exception 'the lease of job worker % is lost', in_worker using errcode = 'TD003';
    end if;

    if in_suspects > 0 and exists (select from jobs j where j.suspect and j.state is not distinct from 'queued') then
        ids := array(select j.id from jobs j where j.suspect and j.state is not distinct from 'queued' and j.crashes < 2
            and j.kind = any(in_kinds) and j.queue <> all(paused) and (in_only is null or j.queue = any(in_only))
            and j.queue <> all(in_except)
            order by j.id limit in_suspects for update skip locked);
        if in_solo then
            ids := ids || array(select j.id from jobs j where j.suspect and j.state is not distinct from 'queued' and j.crashes >= 2
                and j.kind = any(in_kinds) and j.queue <> all(paused) and (in_only is null or j.queue = any(in_only))
                and j.queue <> all(in_except)
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
            if q = any(paused) or q = any(in_except) or (in_only is not null and q <> all(in_only)) then
                o := chr(1114111);
                continue;
            end if;
            queues := queues || q;
            organizations := organizations || o;
        end loop;

        -- What a short line leaves is for the next claim, which comes at once while there are jobs.
        for ordinal in 1 .. cardinality(queues) loop
            exit when cardinality(ids) >= in_limit;
            select coalesce(array_agg(picked.id), '{}'), coalesce(bool_or(picked.limited), false) into fresh, bounded
            from jobs_pick(queues[ordinal], organizations[ordinal], in_kinds,
                ceil((in_limit - cardinality(ids))::numeric / (cardinality(queues) - ordinal + 1))::int) picked;
            ids := ids || fresh;
            any_limited := any_limited or bounded;
        end loop;

        turned_away := 0;
        if any_limited then
            if not keys_locked then
                perform jobs_lock_keys(jobs_keys(ids));
                keys_locked := true;
            else
                -- Who holds keys waits for no other: what is not to be had at once is left in the line.
                locked := array(select u.k from unnest(jobs_keys(ids)) as u(k) where jobs_lock_key_now(u.k));
                ids := array(select j.id from jobs j where j.id = any(ids) and jobs_keys(array[j.id]) <@ locked);
            end if;
            select coalesce(array_agg(t.id) filter (where t.admitted), '{}'),
                coalesce(array_agg(t.id) filter (where not t.admitted), '{}'), coalesce(bool_or(t.behind), false)
            into fresh, late, running_on from jobs_take_orders(in_worker, ids, in_kinds, in_together) t;
            limited := array(select j.id from jobs j where j.id = any(ids) and j.limits is not null order by j.rank, j.id);
            ids := array(select j.id from jobs j where j.id = any(ids) and (j.order_key is null or j.limits is not null)) || fresh;
            if cardinality(late) > 0 then
                perform jobs_wait_in_orders(late);
                turned_away := cardinality(late);
            end if;
            -- On the disk before it is answered, where a crash of the database must not forget it: who holds a place under a
            -- limit, and who goes on from job to job of an order without asking.
            if cardinality(limited) > 0 or running_on then
                perform set_config('synchronous_commit', 'on', true);
            end if;
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
            if refused >= 500 then
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
    set state = 'running', worker = in_worker, attempt = j.attempt + 1, claims = j.claims + 1,
        started_at = coalesce(moment, clock_timestamp()), ahead = in_ahead and not j.suspect, run_at = null, paced = false, waits_for = null
    where j.id = any(ids)
    returning j.id, j.kind, j.organization, j.queue, j.args, j.attempt, j.max_attempts,
        j.unique_key is not null or j.order_key is not null or j.limits is not null, j.crashes::int, j.rank, j.claims, j.order_key,
        coalesce(j.order_width, 1)::int;
end $$;
