-- Status moves forward only: webhooks come repeated and out of order.
create or replace function payments_move_forward() returns trigger language plpgsql as $$
begin
    raise exception 'payment % is % and cannot become %', old.id, old.status, new.status using errcode = 'check_violation';
end $$;

create or replace trigger payments_move_forward before update of status on payments for each row
    when (array_position(array['pending', 'failed', 'succeeded', 'refunded'], new.status)
        < array_position(array['pending', 'failed', 'succeeded', 'refunded'], old.status))
    execute function payments_move_forward();
