-- Queues what is due and wakes what nobody else would wake; answers how many, and when the next is due.
create or replace function jobs_stage(in_limit int) returns table (staged int, due_in interval) language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    next_key text := '';
    bounds jsonb;
    woken int := 0;
begin
    -- Usually somebody who ends wakes the next. Where one was woken and then paused or redriven, nobody would.
    -- Looked at without a lock first: hardly any is stuck, and nobody is to wait for this look.
    if exists (select from jobs j where j.state = 'waiting') then
        loop
            select j.waits_for, j.limits into next_key, bounds from jobs j where j.state = 'waiting' and j.waits_for > next_key
                order by j.waits_for limit 1;
            exit when not found;
            continue when not jobs_is_stuck(next_key, bounds);
            continue when not jobs_lock_key_now(next_key);
            continue when not jobs_is_stuck(next_key, bounds);
            if next_key like 'order:%' then
                perform jobs_wake_order(substr(next_key, 7));
            else
                perform jobs_wake(substr(next_key, 7));
            end if;
            woken := woken + 1;
        end loop;
    end if;

    with due as (
        select j.id from jobs j where j.state = 'scheduled' and j.run_at <= clock_timestamp() order by j.run_at limit in_limit
            for update skip locked
    )
    update jobs j set state = 'queued' from due where j.id = due.id;
    get diagnostics staged = row_count;
    if staged + woken > 0 then
        perform pg_notify('tandem_jobs', '');
    end if;
    select min(j.run_at) - clock_timestamp() into due_in from (select s.run_at from jobs s where s.state = 'scheduled'
        order by s.run_at limit 1) j;
    return next;
end $$;
