-- Tells workers that jobs were added: one notification a statement and queue, however many jobs it adds. It names the queue, so
-- that workers of other queues do not look in vain.
--
-- PostgreSQL commits transactions that notify one after the other, each with its write to the disk. So whoever follows
-- another within 5 ms, in the same queue, says nothing: a worker that was woken looks again for longer than that (ClaimPace).
-- What it misses all the same, because the other took its time to commit or never did, is found with the next, or by polling.
--
-- When a queue was last announced stands in a sequence, which everyone sees at once and nobody waits for: milliseconds, and ten
-- bits that tell queues apart which share a sequence.
create or replace function jobs_announce() returns trigger language plpgsql as $$
declare
    now_ms bigint := extract(epoch from clock_timestamp()) * 1000;
    queue text;
    bits int;
    announced regclass;
    last bigint;
begin
    for queue in select distinct a.queue from added a loop
        bits := hashtext(queue) & 1023;
        announced := ('jobs_announced_' || (bits & 7))::regclass;
        last := coalesce(pg_sequence_last_value(announced), 0);
        -- A clock that was set back does not silence anybody.
        continue when (last & 1023) = bits and now_ms - (last >> 10) between 0 and 4;
        perform setval(announced, (now_ms << 10) | bits);
        perform pg_notify('tandem_jobs', queue);
    end loop;
    return null;
end $$;

create or replace trigger jobs_announce after insert on jobs
    referencing new table as added for each statement execute function jobs_announce();
