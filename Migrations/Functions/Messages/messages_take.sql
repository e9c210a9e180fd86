-- What is to be sent for jobs that run now; each message is looked up once. A message whose channel's far side cannot tell a
-- repetition is marked as sending before anything is sent: found so again, an attempt was begun whose end nobody knows.
-- The first to find a circuit's time run out probes it; others look again after a second, when it is known what came of that.
create or replace function messages_take(in_ids uuid[], in_drives int[])
returns table (id uuid, organization text, channel text, recipient text, event_type text, body text, state text, attempts int,
    spent int, age float8, quiet float8,
    secret text, previous_secret text, closed_reason text, wait float8)
language plpgsql set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare probes uuid[];
begin
    if exists (select from messages m where m.id = any(in_ids) and m.channel = 'whatsapp') then
        update messages m set state = case m.state when 'sending' then 'uncertain' else 'sending' end,
            error = case m.state when 'sending' then 'Its worker ended while it was sent.' end,
            sent_at = clock_timestamp(), next_at = null
        from unnest(in_ids, in_drives) as t(id, drive)
        where m.id = any(array[t.id]) and m.drive = t.drive and m.channel = 'whatsapp'
          and (m.state = 'sending' or (m.state = 'pending' and not exists (
              select from message_channels c where c.channel = m.channel and c.paused_until > clock_timestamp())));
    end if;
    if exists (select from webhook_endpoints e where e.open_until <= clock_timestamp()) then
        probes := array(
            select x.id from unnest(in_ids) as t(id)
            cross join lateral (select y.organization, y.recipient from messages y where y.id = t.id and y.channel = 'webhook' limit 1) m
            cross join lateral (select y.id, y.open_until from webhook_endpoints y where y.organization = m.organization
                and y.url = m.recipient limit 1) x
            where x.open_until is not null);
        with probed as (
            update webhook_endpoints e set open_until = clock_timestamp() + interval '30 s', probed_at = clock_timestamp()
            where e.id = any(probes) and e.open_until <= clock_timestamp()
            returning e.id
        )
        select array_agg(p.id) into probes from probed p;
    end if;
    return query
    select m.id, m.organization, m.channel, m.recipient, m.event_type, m.body::text, m.state, m.attempts, m.spent,
        extract(epoch from clock_timestamp() - m.created_at)::float8, extract(epoch from clock_timestamp() - m.sent_at)::float8,
        e.secret, case when e.previous_until > clock_timestamp() then e.previous_secret end, e.closed_reason,
        greatest(
            case when e.id <> all(coalesce(probes, '{}')) then least(extract(epoch from e.open_until - clock_timestamp()),
                case when e.probed_at is not null and e.open_until > clock_timestamp() then 1 end) end,
            extract(epoch from c.paused_until - clock_timestamp()))::float8
    from unnest(in_ids, in_drives) as t(id, drive)
    cross join lateral (select * from messages x where x.id = t.id and x.drive = t.drive limit 1) m
    left join lateral (select * from webhook_endpoints x where m.channel = 'webhook' and x.organization = m.organization
        and x.url = m.recipient limit 1) e on true
    left join message_channels c on c.channel = m.channel;
end $$;
