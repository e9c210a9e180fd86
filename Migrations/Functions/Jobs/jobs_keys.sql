-- The keys under which jobs are admitted: their orders and limits, as jobs_lock_keys takes them.
create or replace function jobs_keys(in_ids bigint[]) returns text[] language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
set plan_cache_mode = force_generic_plan
as $$
begin
    return array(
        select 'order:' || j.order_key from jobs j where j.id = any(in_ids) and j.order_key is not null
        union
        select 'limit:' || b.key from jobs j cross join lateral jsonb_to_recordset(j.limits) as b(key text)
            where j.id = any(in_ids) and j.limits is not null);
end $$;
