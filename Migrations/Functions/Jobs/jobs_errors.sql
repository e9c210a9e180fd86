-- Adds an error to a job's list, of which the last twenty are kept.
create or replace function jobs_errors(in_errors jsonb, in_attempt int, in_worker bigint, in_error text) returns jsonb language sql as $$
    select case when jsonb_array_length(coalesce(in_errors, '[]')) >= 20 then in_errors - 0 else coalesce(in_errors, '[]') end
        || jsonb_build_object('attempt', in_attempt, 'at', clock_timestamp(), 'worker', in_worker, 'error', in_error)
$$;
