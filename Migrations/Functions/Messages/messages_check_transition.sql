-- What may follow what; nothing else changes a message's state. A message that was delivered dies when the far side
-- reports that it has failed after all; one that was given up is delivered when the far side reports so.
-- The trigger passes over the changes that nearly all messages make, so that the function is seldom called.
create or replace function messages_check_transition() returns trigger language plpgsql as $$
begin
    if (old.state, new.state) not in (
        ('pending', 'sending'), ('pending', 'delivered'), ('pending', 'dead'),
        ('sending', 'pending'), ('sending', 'delivered'), ('sending', 'uncertain'), ('sending', 'dead'),
        ('uncertain', 'delivered'), ('uncertain', 'dead'), ('uncertain', 'pending'),
        ('delivered', 'dead'), ('dead', 'pending'), ('dead', 'delivered')) then
        raise exception 'message % cannot go from % to %', old.id, old.state, new.state using errcode = 'TD010';
    end if;
    return null;
end $$;

create or replace trigger messages_check_transition after update of state on messages for each row
    when (old.state is distinct from new.state and not (old.state in ('pending', 'sending') and new.state in ('delivered', 'dead')))
    execute function messages_check_transition();
