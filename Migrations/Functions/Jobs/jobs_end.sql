-- What else ends with jobs that have ended: their unique keys are free, and those behind them in an order may go on.
create or replace function jobs_end(in_ids bigint[], in_order_keys text[]) returns void language plpgsql as $$
begin
    delete from job_uniques where job_id = any(in_ids) and (expires_at is null or expires_at <= clock_timestamp());
    if cardinality(in_order_keys) > 0 then
        perform jobs_wake_orders(in_order_keys);
    end if;
end $$;
