-- Makes messages pending again that have died or whose end nobody knows, and answers them with their new drive. The attempt
-- that a message holds itself becomes a row of deliveries, as all others are.
create or replace function messages_drive_again(in_organization text, in_ids uuid[])
returns table (id uuid, drive int, channel text, recipient text, order_key text) language plpgsql as $$
#variable_conflict use_column
declare ids uuid[];
begin
    ids := array(select x.id from messages x where x.id = any(in_ids) and x.organization = in_organization
        and x.state in ('dead', 'uncertain') order by x.id for update);
    insert into deliveries (message_id, number, outcome, started_at, latency_ms, request, status, response_headers, response_body)
    select m.id, m.attempts, 'delivered', m.sent_at, m.latency_ms, m.request, m.status, m.response_headers, m.response_body
    from messages m where m.id = any(ids) and m.latency_ms is not null
    on conflict do nothing;
    return query
    update messages m set state = 'pending', drive = m.drive + 1, spent = m.attempts, error = null, error_code = null,
        died_at = null, next_at = null,
        receipt = null, receipt_at = null, provider_id = null,
        latency_ms = null, request = null, status = null, response_headers = null, response_body = null
    where m.id = any(ids)
    returning m.id, m.drive, m.channel, m.recipient, m.order_key;
end $$;
