-- A reservation ends once.
create or replace function reservations_end_once() returns trigger language plpgsql as $$
begin
    raise exception 'reservation % is % and cannot become %', old.id, old.status, new.status using errcode = 'check_violation';
end $$;

create or replace trigger reservations_end_once before update of status on reservations for each row
    when (old.status <> 'held' and new.status <> old.status) execute function reservations_end_once();
