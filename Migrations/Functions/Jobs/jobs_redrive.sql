-- Queues jobs again that have ended or that wait for their time, with all their attempts; but none whose unique key has been
-- taken by another job since.
create or replace function jobs_redrive(in_ids bigint[]) returns int language plpgsql as $$
declare redriven int;
begin
    perform from jobs j where j.id = any(in_ids) order by j.id for update;
    insert into job_uniques as u (key, job_id) select distinct on (j.unique_key) j.unique_key, j.id from jobs j
    where j.id = any(in_ids) and j.finished_at is not null and j.unique_key is not null order by j.unique_key, j.id
    on conflict (key) do update set job_id = excluded.job_id, expires_at = null
    where u.expires_at <= clock_timestamp() and not exists (select from jobs j where j.id = u.job_id and j.finished_at is null);
    update jobs j set state = 'queued', finished_at = null, run_at = clock_timestamp(), paced = false, attempt = 0, crashes = 0,
        suspect = false, cancel_requested = false,
        rank = j.priority, progress = null, progress_text = null
    where j.id = any(in_ids) and (j.finished_at is not null or j.state = 'scheduled')
      and (j.unique_key is null or exists (select from job_uniques u where u.key = j.unique_key and u.job_id = j.id));
    get diagnostics redriven = row_count;
    perform pg_notify('tandem_jobs', '');
    return redriven;
end $$;
