-- Fires as their jobs stand now: background jobs, and jobs of the queue for fires of versions before this one. What
-- is left of a job when its engine has forgotten it is what its fire was told.
create or replace view schedule_runs as
select f.id, f.key, f.scheduled_for, f.reason, f.fired_at, f.job_id, now.status, now.started_at, now.finished_at, now.error, f.background_job_id
from schedule_fires f
left join jobs j on j.id = f.job_id and f.status <> 'succeeded'
left join hangfire.job b on b.id = f.background_job_id and f.status <> 'succeeded'
left join hangfire.state s on s.id = b.stateid
left join lateral (
    select d.started_at, d.finished_at from job_done d where f.status <> 'succeeded' and j.id is null and d.id = f.job_id limit 1
) done on true
cross join lateral (
    select 'succeeded' as status, done.started_at, done.finished_at, null as error where done.finished_at is not null
    union all
    select case j.state when 'running' then 'running' when 'dead' then 'failed' when 'cancelled' then 'cancelled' else 'pending' end,
        j.started_at, j.finished_at, j.errors -> -1 ->> 'error' where j.id is not null
    union all
    select case b.statename when 'Processing' then 'running' when 'Succeeded' then 'succeeded' when 'Failed' then 'failed' when 'Deleted' then 'cancelled' else 'pending' end,
        (select max(p.createdat) from hangfire.state p where p.jobid = b.id and p.name = 'Processing'),
        case when b.statename in ('Succeeded', 'Failed', 'Deleted') then s.createdat end,
        (select e.data ->> 'ExceptionMessage' from hangfire.state e where e.jobid = b.id and e.name = 'Failed' order by e.id desc limit 1)
        where b.id is not null
    union all
    select case when f.status in ('pending', 'running') then 'cancelled' else f.status end, f.started_at, f.finished_at,
        case when f.status in ('pending', 'running') then 'Its job is no longer there.' else f.error end
    where j.id is null and b.id is null and done.finished_at is null
) now;
