-- Whether a job may start now under its order and limits; if not, it is made to wait. Call jobs_lock_limits first.
create or replace function jobs_admit(in_id bigint, in_moment timestamptz) returns boolean language plpgsql as $$
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
        select from jobs j where j.order_key = job.order_key and (j.id < job.id or j.state = 'running') and j.order_key is not null
            and j.finished_at is null) then
        update jobs set state = 'waiting', waits_for = 'order:' || job.order_key where id = in_id;
        perform jobs_pass(job.limits);
        return false;
    end if;
    for bound in select * from jsonb_to_recordset(coalesce(job.limits, '[]')) as b(key text, concurrency int)
        where b.concurrency is not null loop
        if (select count(*) from job_holds h where h.key = bound.key) >= bound.concurrency then
            update jobs set state = 'waiting', waits_for = 'limit:' || bound.key where id = in_id;
            perform jobs_pass(job.limits);
            return false;
        end if;
    end loop;

    -- Starts are spaced by the pause; where it is finer than the ticks in which jobs come due, up to a fifth of a
    -- second's worth may bunch up.
    late := in_moment - job.run_at;
    for bound in select b.key, make_interval(secs => b.per / b.rate) as pause
        from jsonb_to_recordset(coalesce(job.limits, '[]')) as b(key text, rate int, per float8) where b.rate is not null loop
        select r.free_at - greatest(interval '0.2 s' - bound.pause, interval '0'), r.next_at into free, after
            from job_rates r where r.key = bound.key;
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
            for bound in select b.key, make_interval(secs => b.per / b.rate) as pause
                from jsonb_to_recordset(job.limits) as b(key text, rate int, per float8) where b.rate is not null loop
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
    select b.key, in_moment + make_interval(secs => b.per / b.rate), in_moment
        from jsonb_to_recordset(coalesce(job.limits, '[]')) as b(key text, rate int, per float8) where b.rate is not null
    on conflict (key) do update set free_at = greatest(r.free_at, in_moment) + (excluded.free_at - in_moment);
    insert into job_holds (key, job_id)
    select b.key, in_id from jsonb_to_recordset(coalesce(job.limits, '[]')) as b(key text, concurrency int) where b.concurrency is not null
    on conflict do nothing;
    return true;
end $$;
