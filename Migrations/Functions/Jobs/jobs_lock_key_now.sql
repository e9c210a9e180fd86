-- Locks a key if nobody has it: for who holds keys already and must not wait for another, and for who only looks round.
create or replace function jobs_lock_key_now(in_key text) returns boolean language sql as $$
    select pg_try_advisory_xact_lock_shared(8371, 1) and pg_try_advisory_xact_lock(8372, jobs_stripe(in_key))
$$;
