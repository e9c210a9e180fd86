-- As jobs_wake_orders, for one order.
create or replace function jobs_wake_order(in_key text) returns void language sql as $$ select jobs_wake_orders(array[in_key]) $$;
