-- Shows messages as being sent whose attempt takes its time.
create or replace function messages_mark_sending(in_ids uuid[]) returns void language sql as $$
    update messages m set state = 'sending', sent_at = clock_timestamp(), next_at = null where m.id = any(in_ids) and m.state = 'pending'
$$;
