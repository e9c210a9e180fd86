-- Cancels those of the jobs that have not ended and that nobody is changing just now, and answers which. It waits for no row.
create or replace function jobs_cancel_many(in_ids bigint[], in_reason text) returns table (id bigint) language plpgsql as $$
#variable_conflict use_column
declare
    ids bigint[];
    ended bigint[];
    orders text[];
    freed jsonb;
begin
    ids := array(select j.id from jobs j where j.id = any(in_ids) and j.finished_at is null order by j.id for update skip locked);
    update jobs j set cancel_requested = true where j.id = any(ids) and j.state = 'running';
    if found then
        perform pg_notify('tandem_job_cancels', '');
    end if;
    with gone as (
        update jobs j set state = 'cancelled', finished_at = clock_timestamp(), waits_for = null,
            errors = jobs_errors(j.errors, j.attempt, null, in_reason)
        where j.id = any(ids) and j.state <> 'running'
        returning j.id, j.order_key, j.limits
    )
    select array_agg(gone.id), array_agg(gone.order_key), jsonb_agg(distinct bound) filter (where bound is not null)
    into ended, orders, freed
    from gone left join lateral jsonb_array_elements(gone.limits) as bound on true;
    perform jobs_end(ended, orders);
    perform jobs_pass(freed);
    return query select unnest(ids);
end $$;
