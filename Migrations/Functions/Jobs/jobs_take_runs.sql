-- Of an order whose jobs have no limits, a worker takes several together and runs them one after the other: those at its
-- head, and only while none of the order runs. Answers which of the given jobs may run now, with those that come with them,
-- which may not, and whether each stands behind another. Call it under the lock of the limits (jobs_lock_limits).
create or replace function jobs_take_runs(in_ids bigint[], in_kinds text[], in_together int)
returns table (id bigint, admitted boolean, behind boolean) language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
    return query
    with picked as materialized (
        select j.id, j.order_key, j.queue from jobs j where j.id = any(in_ids) and j.order_key is not null and j.limits is null
    ),
    orders as materialized (
        select p.order_key, min(p.queue) as queue from picked p
        -- Looked up for each, however many run.
        where (select r.id from jobs r where r.order_key = p.order_key and r.state = 'running' and r.order_key is not null limit 1) is null
        group by p.order_key
    ),
    line as materialized (
        select o.order_key, f.id, f.place, f.able from orders o cross join lateral (
            select b.id, b.ctid as place, b.state = 'queued' and b.queue = o.queue and b.kind = any(in_kinds) and b.limits is null
                and (not b.suspect or b.id = any(in_ids)) as able
            from jobs b where b.order_key = o.order_key and b.order_key is not null and b.finished_at is null order by b.id
                limit in_together) f
    ),
    -- Where they were found a moment ago, so that they need not be looked up again.
    locked as materialized (
        select j.id from jobs j where j.ctid = any(array(select l.place from line l where l.able)) and j.state = 'queued'
            for update skip locked
    ),
    -- Brought together by grouping, which no guess of how many there are can make slow, as it can a join.
    had as materialized (
        select u.id, max(u.order_key) as order_key, bool_or(u.locked) as locked from (
            select l.id, l.order_key, false as locked from line l union all select x.id, null, true from locked x) u
        group by u.id
    ),
    -- Up to the first that is not to be had.
    runs as materialized (
        select r.id, r.n > 1 as behind from (
            select h.id, row_number() over whole as n, bool_and(h.locked) over whole as had
                from had h window whole as (partition by h.order_key order by h.id)) r
        where r.had
    )
    select r.id, true, r.behind from runs r
    union all
    select late.id, false, false from (select p.id from picked p except select r.id from runs r) late;
end $$;
