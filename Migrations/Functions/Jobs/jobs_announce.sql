-- Tells workers that jobs were added: one notification a statement, however many jobs it adds. Workers that serve only the
-- queue of messages have a channel of their own, so that those of all other queues do not look in vain.
--
-- PostgreSQL commits transactions that notify one after the other, each with its write to the disk. So whoever follows
-- another within 5 ms says nothing: a worker that was woken looks again for longer than that (JobWorker). What it
-- misses all the same, because the other took its time to commit or never did, is found with the next, or by polling.
create or replace function jobs_announce() returns trigger language plpgsql as $$
declare now_ms bigint := extract(epoch from clock_timestamp()) * 1000;
begin
    -- A clock that was set back does not silence anybody.
    if exists (select from added a where a.queue = 'messages')
        and not exists (select from jobs_announced_messages s where now_ms - s.last_value between 0 and 4) then
        perform setval('jobs_announced_messages', now_ms);
        perform pg_notify('tandem_jobs_messages', '');
    end if;
    if exists (select from added a where a.queue <> 'messages')
        and not exists (select from jobs_announced s where now_ms - s.last_value between 0 and 4) then
        perform setval('jobs_announced', now_ms);
        perform pg_notify('tandem_jobs', '');
    end if;
    return null;
end $$;

create or replace trigger jobs_announce after insert on jobs
    referencing new table as added for each statement execute function jobs_announce();
