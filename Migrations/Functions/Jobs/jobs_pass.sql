-- Wakes another for places that a job was woken for but does not take.
create or replace function jobs_pass(in_limits jsonb) returns void language plpgsql as $$
declare bound record;
begin
    for bound in select * from jsonb_to_recordset(coalesce(in_limits, '[]')) as b(key text, concurrency int)
        where b.concurrency is not null loop
        if (select count(*) from job_holds h where h.key = bound.key) < bound.concurrency then
            perform jobs_wake(bound.key);
        end if;
    end loop;
end $$;
