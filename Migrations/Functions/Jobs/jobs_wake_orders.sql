-- Queues the first jobs of orders again, where the very first waits for its turn: as many as a worker takes together. Of a wide
-- order one is enough, since what waits behind it is taken with it; and none while its worker has plenty.
-- They are found first and then changed: as one statement, planned while the table was empty, it looked for the head of an
-- order again for every job that waited, which took minutes where thousands did.
create or replace function jobs_wake_orders(in_keys text[]) returns void language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare awake bigint[];
begin
    awake := array(
        select first.id from (select distinct u.k from unnest(in_keys) as u(k) where u.k is not null) keys
        cross join lateral (
            select w.id, w.order_width from jobs w where w.state = 'waiting' and w.waits_for = 'order:' || keys.k
                order by w.rank, w.id limit 1) first
        where first.order_width > 1 and (
            select count(*) from (select from jobs r where r.order_key = keys.k and r.state = 'running' and r.order_key is not null
                limit 64) running) < 64
        union all
        select behind.id from (select distinct u.k from unnest(in_keys) as u(k) where u.k is not null) keys
        cross join lateral (
            select f.state, f.waits_for, f.order_width from jobs f where f.order_key = keys.k and f.order_key is not null and f.finished_at is null
                order by f.id limit 1) head
        cross join lateral (
            select b.id, b.state, b.waits_for from jobs b
            where head.state = 'waiting' and head.waits_for = 'order:' || keys.k and coalesce(head.order_width, 1) = 1
                and b.order_key = keys.k
                and b.order_key is not null and b.finished_at is null order by b.id limit 128) behind
        where behind.state = 'waiting' and behind.waits_for = 'order:' || keys.k);
    -- Passing over a job that somebody is changing just now: jobs_stage looks again within a second.
    -- "is not distinct from": found by id, and not among all that wait.
    if cardinality(awake) > 0 then
        update jobs j set state = 'queued', waits_for = null
        where j.id in (select w.id from jobs w where w.id = any(awake) and w.state is not distinct from 'waiting' for update skip locked);
    end if;
end $$;
