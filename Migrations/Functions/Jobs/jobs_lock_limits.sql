-- Admissions under limits and releases of them take turns, so that no release falls between a look and a wait. Locks are
-- taken in one order by everyone: rows of jobs, by id, and then this one; who has this one waits for no row.
-- What is admitted under limits is on the disk when the claim is answered: a crash of the database must not forget a place
-- that is taken.
create or replace function jobs_lock_limits() returns void language plpgsql as $$
begin
    perform pg_advisory_xact_lock(8371, 1);
    perform set_config('synchronous_commit', 'on', true);
end $$;
