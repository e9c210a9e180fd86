-- The best job that waits for a place under a limit is queued again.
create or replace function jobs_wake(in_key text) returns void language sql as $$
    update jobs set state = 'queued', waits_for = null
    where id = (select id from jobs where state = 'waiting' and waits_for = 'limit:' || in_key order by rank, id limit 1
        for update skip locked)
$$;
