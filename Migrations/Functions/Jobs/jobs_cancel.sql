-- Cancels a job: at once unless it runs, else its worker is told. Answers false if it has ended or there is none. A caller
-- that cancels several in one transaction does so in the order of their ids, or calls jobs_cancel_many.
create or replace function jobs_cancel(in_id bigint, in_reason text) returns boolean language plpgsql as $$
declare job jobs;
begin
    select * into job from jobs where id = in_id and finished_at is null for update;
    if not found then
        return false;
    end if;
    if job.state = 'running' then
        update jobs set cancel_requested = true where id = in_id;
        perform pg_notify('tandem_job_cancels', '');
        return true;
    end if;
    update jobs set state = 'cancelled', finished_at = clock_timestamp(), waits_for = null,
        errors = jobs_errors(errors, attempt, null, in_reason) where id = in_id;
    perform jobs_end(array[in_id], array[job.order_key]);
    -- Without the lock of the limits this may wake one too many, who waits again, or none, as jobs_stage will.
    perform jobs_pass(job.limits);
    return true;
end $$;
