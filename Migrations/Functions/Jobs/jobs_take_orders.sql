-- Of an order (whose jobs have no limits) one worker takes several jobs together, at most in_together at any time. Answers
-- which of the given jobs may run now, with those that come with them; which may not; and whether a worker goes on to it from
-- another without asking. Lock the keys first (jobs_lock_keys).
-- An order of width 1 runs one after the other: what is taken is what stands at its head, while none of it runs. A wider one
-- has no order in time: its worker runs up to so many at once and takes more while it has few; other workers leave it alone.
create or replace function jobs_take_orders(in_worker bigint, in_ids bigint[], in_kinds text[], in_together int)
returns table (id bigint, admitted boolean, behind boolean) language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
    return query
    with picked as materialized (
        select j.id, j.order_key, j.queue, coalesce(j.order_width, 1) > 1 as wide from jobs j
        where j.id = any(in_ids) and j.order_key is not null and j.limits is null
    ),
    orders as materialized (
        select p.order_key, min(p.queue) as queue, bool_or(p.wide) as wide from picked p group by p.order_key
    ),
    -- All that run of an order are one worker's: any of them tells whose.
    free as materialized (
        select o.order_key, o.queue, o.wide, in_together as room from orders o
        where (select r.id from jobs r where r.order_key = o.order_key and r.state = 'running' and r.order_key is not null limit 1) is null
        union all
        select o.order_key, o.queue, true, in_together - r.running from orders o
        cross join lateral (select count(*)::int as running, min(x.worker) as worker from (
            select y.worker from jobs y where y.order_key = o.order_key and y.state = 'running' and y.order_key is not null limit in_together) x) r
        where o.wide and r.worker = in_worker and r.running between 1 and in_together - 1
    ),
    line as materialized (
        select o.order_key, false as wide, f.id, f.place, f.able from free o cross join lateral (
            select b.id, b.ctid as place, b.state = 'queued' and b.queue = o.queue and b.kind = any(in_kinds) and b.limits is null
                and (not b.suspect or b.id = any(in_ids)) as able
            from jobs b where b.order_key = o.order_key and b.order_key is not null and b.finished_at is null order by b.id
                limit o.room) f
        where not o.wide
        union all
        -- What waits for its turn in a wide order may run as well as what is queued.
        select o.order_key, true, f.id, f.place, true from free o cross join lateral (
            select b.id, b.ctid as place from jobs b
            where b.order_key = o.order_key and b.order_key is not null and b.finished_at is null
                and (b.state = 'queued' or (b.state = 'waiting' and b.waits_for = 'order:' || o.order_key))
                and b.queue = o.queue and b.kind = any(in_kinds) and b.limits is null and (not b.suspect or b.id = any(in_ids))
            order by b.id limit o.room) f
        where o.wide
    ),
    -- Where they were found a moment ago, so that they need not be looked up again.
    locked as materialized (
        select j.id from jobs j where j.ctid = any(array(select l.place from line l where l.able)) and j.state in ('queued', 'waiting')
            for update skip locked
    ),
    -- Brought together by grouping, which no guess of how many there are can make slow, as it can a join.
    had as materialized (
        select u.id, max(u.order_key) as order_key, bool_or(u.wide) as wide, bool_or(u.locked) as locked from (
            select l.id, l.order_key, l.wide, false as locked from line l union all select x.id, null, false, true from locked x) u
        group by u.id
    ),
    -- Of width 1 up to the first that is not to be had.
    batches as materialized (
        select r.id, r.n > 1 as behind from (
            select h.id, h.wide, h.locked, row_number() over whole as n, bool_and(h.locked) over whole as had
                from had h window whole as (partition by h.order_key order by h.id)) r
        where case when r.wide then r.locked else r.had end
    )
    select b.id, true, b.behind from batches b
    union all
    select late.id, false, false from (select p.id from picked p except select b.id from batches b) late;
end $$;
