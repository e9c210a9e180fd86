-- Whether jobs wait for a turn in an order, or a place under a limit, that is free, with nobody who would wake them.
create or replace function jobs_is_stuck(in_waits_for text, in_limits jsonb) returns boolean language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare searched text := substr(in_waits_for, 7);
begin
    if in_waits_for like 'order:%' then
        return not exists (select from jobs b where b.order_key = searched and b.finished_at is null and b.order_key is not null
            and (b.state in ('queued', 'running') or (b.state = 'scheduled' and coalesce(b.order_width, 1) = 1)));
    end if;
    return (select count(*) from job_holds h where h.key = searched)
        < (select max(b.concurrency) from jsonb_to_recordset(in_limits) as b(key text, concurrency int) where b.key = searched);
end $$;
