-- Locks all keys at once (jobs_lock_keys): for the rare who may touch any.
-- What is admitted under limits is on the disk when the claim is answered: a crash of the database must not forget a place
-- that is taken.
create or replace function jobs_lock_limits() returns void language plpgsql as $$
begin
    perform pg_advisory_xact_lock(8371, 1);
    perform set_config('synchronous_commit', 'on', true);
end $$;
