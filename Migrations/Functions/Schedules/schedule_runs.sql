-- Fires as their jobs stand now. Where the queue has forgotten a job, its fire says what it was last told of it.
create or replace view schedule_runs as
select f.id, f.key, f.scheduled_for, f.reason, f.fired_at, f.job_id, now.status, now.started_at, now.finished_at, now.error
from schedule_fires f
left join jobs j on j.id = f.job_id and f.status <> 'succeeded'
left join lateral (
    select d.started_at, d.finished_at from job_done d where f.status <> 'succeeded' and j.id is null and d.id = f.job_id limit 1
) done on true
cross join lateral (
    select 'succeeded' as status, done.started_at, done.finished_at, null as error where done.finished_at is not null
    union all
    select case j.state when 'running' then 'running' when 'dead' then 'failed' when 'cancelled' then 'cancelled' else 'pending' end,
        j.started_at, j.finished_at, j.errors -> -1 ->> 'error' where j.id is not null
    union all
    select case when f.status in ('pending', 'running') then 'cancelled' else f.status end, f.started_at, f.finished_at,
        case when f.status in ('pending', 'running') then 'Its job is no longer there.' else f.error end
    where j.id is null and done.finished_at is null
) now;
