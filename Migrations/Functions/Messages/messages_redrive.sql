-- What processes of the version before call: without the messages' order keys.
create or replace function messages_redrive(in_organization text, in_ids uuid[])
returns table (id uuid, drive int, channel text, recipient text) language sql as $$
    select r.id, r.drive, r.channel, r.recipient from messages_drive_again(in_organization, in_ids) r
$$;
