-- Writes what became of attempts, for a worker whose lease holds and which still holds the jobs; answers those that it was.
-- Outcomes: succeeded, forgotten (which leaves no row in job_done), retry, snoozed, cancelled, dead, released; 'retry aside'
-- and 'snoozed aside' give up the place in the order as well. Delays are seconds.
create or replace function jobs_finish(
    in_worker bigint, in_ids bigint[], in_claims int[], in_outcomes text[], in_delays float8[], in_texts text[], in_guarded boolean)
returns table (id bigint) language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    ours bigint[];
    bounded bigint[];
    keyed bigint[];
    orders text[];
    limits jsonb;
    forgotten boolean := 'forgotten' = any(in_outcomes);
    only_forgotten boolean := in_outcomes <@ array['forgotten'];
begin
    perform from job_workers w where w.id = in_worker and w.lease_expires_at > clock_timestamp() for key share;
    if not found then
        raise exception 'the lease of job worker % is lost', in_worker using errcode = 'TD003';
    end if;

    -- Found by id, one after the other, whatever the planner believes of the table: "any(array[…])" leaves no other way
    -- to join, "is not distinct from" does not look among all that the worker holds.
    if only_forgotten then
        -- Locked by id, as by everyone, though all at once.
        with gone as (
            delete from jobs j using (select * from unnest(in_ids, in_claims) as u(id, claim) order by u.id) f
            where j.id = any(array[f.id]) and j.worker is not distinct from in_worker and j.claims = f.claim
            returning j.id, j.order_key, j.limits, j.unique_key is not null as keyed
        )
        select array_agg(g.id), array_agg(g.id) filter (where g.limits is not null), array_agg(g.id) filter (where g.keyed),
            array_agg(distinct g.order_key) filter (where g.order_key is not null),
            jsonb_agg(g.limits) filter (where g.limits is not null)
        into ours, bounded, keyed, orders, limits from gone g;
        return query select unnest(ours);
    else
        if in_guarded then
            -- Locked, so that no request to cancel falls between. Only what the worker holds is given back: an end may be written twice.
            select array_agg(h.id) filter (where h.bound), array_agg(h.id) filter (where h.keyed and h.ends),
                array_agg(distinct h.order_key) filter (where h.order_key is not null and (h.ends or h.aside or h.wide)), array_agg(h.id)
            into bounded, keyed, orders, ours from (
                select j.id, j.order_key, j.bound, j.keyed, j.wide, j.cancel_requested
                    or f.outcome in ('succeeded', 'forgotten', 'cancelled', 'dead') as ends, f.outcome like '% aside' as aside
                from (select * from unnest(in_ids, in_claims, in_outcomes) as u(id, claim, outcome) order by u.id) f
                cross join lateral (
                    select x.id, x.order_key, coalesce(x.order_width, 1) > 1 as wide, x.cancel_requested, x.limits is not null as bound,
                        x.unique_key is not null as keyed
                    from jobs x where x.id = f.id and x.claims = f.claim and x.worker is not distinct from in_worker for update) j) h;
            perform jobs_lock_keys(jobs_keys(ours));
        end if;
        if forgotten then
            return query
            delete from jobs j using unnest(in_ids, in_claims, in_outcomes) as f(id, claim, outcome)
            where f.outcome = 'forgotten' and j.id = any(array[f.id]) and j.worker is not distinct from in_worker and j.claims = f.claim
            returning j.id;
        end if;

        return query
        with gone as (
            delete from jobs j using unnest(in_ids, in_claims, in_outcomes, in_texts) as f(id, claim, outcome, result)
            where f.outcome = 'succeeded' and j.id = any(array[f.id]) and j.worker is not distinct from in_worker and j.claims = f.claim
            returning j.*, f.result
        )
        insert into job_done as d (id, queue, kind, organization, priority, attempt, max_attempts, args, created_at, started_at,
            worker, result, errors)
        select g.id, g.queue, g.kind, g.organization, g.priority, g.attempt, g.max_attempts, g.args, g.created_at, g.started_at,
            in_worker, g.result, g.errors from gone g
        returning d.id;

        return query
        update jobs j set
            state = case when j.cancel_requested or f.outcome = 'cancelled' then 'cancelled' when f.outcome = 'dead' then 'dead'
                when f.outcome = 'released' or f.delay <= 0 then 'queued' else 'scheduled' end,
            finished_at = case when j.cancel_requested or f.outcome in ('cancelled', 'dead') then clock_timestamp() end,
            run_at = case when f.outcome in ('retry', 'snoozed', 'retry aside', 'snoozed aside') and f.delay > 0
                then clock_timestamp() + make_interval(secs => f.delay) end,
            rank = case when f.outcome = 'released' then -32768 else j.priority end,
            attempt = case when f.outcome in ('released', 'snoozed', 'snoozed aside') then j.attempt - 1 else j.attempt end,
            errors = case when f.text is null then j.errors else jobs_errors(j.errors, j.attempt, in_worker, f.text) end,
            worker = null, ahead = false, order_key = case when f.outcome like '% aside' and coalesce(j.order_width, 1) = 1
                then null else j.order_key end,
            suspect = j.suspect and f.outcome = 'released', crashes = case when f.outcome = 'released' then j.crashes else 0 end
        from unnest(in_ids, in_claims, in_outcomes, in_delays, in_texts) as f(id, claim, outcome, delay, text)
        where f.outcome not in ('succeeded', 'forgotten') and j.id = any(array[f.id]) and j.worker is not distinct from in_worker
            and j.claims = f.claim
        returning j.id;
    end if;

    -- Most have none of these: they are not looked for.
    if only_forgotten and (orders is not null or bounded is not null) then
        perform jobs_lock_keys(array(
            select 'order:' || u.k from unnest(orders) as u(k)
            union
            select 'limit:' || b.key from jsonb_array_elements(coalesce(limits, '[]')) as l(bounds)
                cross join lateral jsonb_to_recordset(l.bounds) as b(key text)));
    end if;
    if bounded is not null then
        perform jobs_release(bounded);
    end if;
    if keyed is not null then
        delete from job_uniques u where u.job_id = any(keyed) and (u.expires_at is null or u.expires_at <= clock_timestamp());
    end if;
    if orders is not null then
        perform jobs_wake_orders(orders);
    end if;
end $$;
