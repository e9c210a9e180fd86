-- Frees the places under limits of jobs that no longer run, and wakes those that waited for them. Call jobs_lock_limits first.
create or replace function jobs_release(in_ids bigint[]) returns void language plpgsql as $$
declare freed text;
begin
    for freed in with gone as (delete from job_holds where job_id = any(in_ids) returning key) select key from gone loop
        perform jobs_wake(freed);
    end loop;
end $$;
