-- Frees the jobs of workers whose leases have ended. Each is charged with a crash unless it was only claimed ahead;
-- the third makes it dead. A worker that has not been seen since the database was away may not have found back in time.
create or replace function jobs_rescue() returns table (worker bigint, process text, freed int, set_aside int) language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    gone record;
    ids bigint[];
    workers bigint[];
begin
    workers := array(select w.id from job_workers w where w.lease_expires_at <= clock_timestamp() for update skip locked);
    if cardinality(workers) = 0 then
        return;
    end if;
    for gone in select w.process from job_workers w where w.id = any(workers) loop
        -- A worker that is stopped, not dead, may hold locks in the middle of an answer that it does not read.
        perform pg_terminate_backend(a.pid) from pg_stat_activity a
        where a.datname = current_database() and a.pid <> pg_backend_pid()
            and (a.application_name = gone.process or a.application_name like gone.process || '/%')
          and not exists (select from job_workers w where w.process = gone.process and w.lease_expires_at > clock_timestamp());
    end loop;
    perform from jobs j where j.worker = any(workers) order by j.id for update;
    perform jobs_lock_limits();
    for gone in select w.id, w.process, w.beat_at > pg_postmaster_start_time() as died from job_workers w where w.id = any(workers) loop
        with held as (
            update jobs j set
                crashes = j.crashes + case when gone.died and not j.ahead then 1 else 0 end,
                state = case when j.cancel_requested then 'cancelled' when gone.died and not j.ahead and j.crashes >= 2 then 'dead'
                    else 'queued' end,
                finished_at = case when j.cancel_requested or (gone.died and not j.ahead and j.crashes >= 2) then clock_timestamp() end,
                errors = case when j.ahead or not gone.died then j.errors
                    else jobs_errors(j.errors, j.attempt, j.worker, format('Its worker %s ended while it ran this job.', gone.process)) end,
                attempt = case when j.ahead or not gone.died then j.attempt - 1 else j.attempt end,
                rank = -32768, suspect = gone.died or j.suspect, worker = null, ahead = false
            where j.worker = gone.id
            returning j.id, j.state
        )
        select coalesce(array_agg(held.id), '{}'), count(*), count(*) filter (where held.state = 'dead') into ids, freed, set_aside
            from held;
        perform jobs_release(ids);
        perform jobs_end(array(select j.id from jobs j where j.id = any(ids) and j.finished_at is not null),
            array(select j.order_key from jobs j where j.id = any(ids) and j.finished_at is not null));
        delete from job_workers w where w.id = gone.id;
        worker := gone.id;
        process := gone.process;
        return next;
    end loop;
    perform pg_notify('tandem_jobs', '');
end $$;
