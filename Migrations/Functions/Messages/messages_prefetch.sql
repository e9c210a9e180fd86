-- What claimed jobs are about, read with their claim, so that nothing need be asked for before it is sent. It changes nothing
-- and waits for nobody, for the claim holds locks; it is volatile, so that it sees what was committed before the claim was
-- admitted. Left to messages_take is what is more than a look: what is to be marked
-- as being sent, circuits that are open, silent channels, and large bodies.
create or replace function messages_prefetch(in_args text[])
returns table (n bigint, id uuid, organization text, channel text, recipient text, body text, state text, attempts int, spent int,
    age float8, quiet float8,
    secret text, previous_secret text, closed_reason text)
language plpgsql set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    select a.n, m.id, m.organization, m.channel, m.recipient, m.body::text, m.state, m.attempts, m.spent,
        extract(epoch from clock_timestamp() - m.created_at)::float8, extract(epoch from clock_timestamp() - m.sent_at)::float8,
        e.secret, case when e.previous_until > clock_timestamp() then e.previous_secret end, e.closed_reason
    from (select u.n, u.args::json as args from unnest(in_args) with ordinality as u(args, n)) a
    cross join lateral (select * from messages x where x.id = (a.args ->> 'messageId')::uuid and x.drive = (a.args ->> 'drive')::int
        limit 1) m
    left join lateral (select * from webhook_endpoints x where m.channel = 'webhook' and x.organization = m.organization
        and x.url = m.recipient limit 1) e on true
    where m.channel <> 'whatsapp' and m.state in ('pending', 'sending') and e.open_until is null and octet_length(m.body::text) <= 4096
      and not exists (select from message_channels c where c.channel = m.channel);
end $$;
