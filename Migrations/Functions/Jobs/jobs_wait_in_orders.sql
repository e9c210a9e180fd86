-- Jobs that may not run yet wait for their turn in their orders, and with them what else of those orders is queued: it would be
-- turned away just the same. They are woken by jobs_wake_orders.
create or replace function jobs_wait_in_orders(in_ids bigint[]) returns void language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare behind bigint[];
begin
    update jobs j set state = 'waiting', waits_for = 'order:' || j.order_key where j.id = any(in_ids);
    behind := array(
        select b.id from (select distinct j.order_key as k from jobs j where j.id = any(in_ids) and coalesce(j.order_width, 1) > 1) o
        cross join lateral (select x.id, x.state, x.limits from jobs x
            where x.order_key = o.k and x.order_key is not null and x.finished_at is null order by x.id desc limit 200) b
        where b.state = 'queued' and b.limits is null);
    if cardinality(behind) > 0 then
        update jobs j set state = 'waiting', waits_for = 'order:' || j.order_key
        where j.id in (select x.id from jobs x where x.id = any(behind) and x.state is not distinct from 'queued' and not x.suspect
            for update skip locked);
    end if;
end $$;
