namespace Migrations;

/// <summary>Delivering messages: taking them, writing what became of attempts, and driving them again.</summary>
public sealed partial class M20261123_Messages
{
    private const string Take = """
        -- What is to be sent for jobs that run now. A channel whose far side cannot tell a repetition is marked as sending before
        -- anything is sent; found so, an attempt was begun whose end nobody knows.
        -- The one that finds a circuit's time run out probes it; others wait for what comes of that.
        create function messages_take(in_ids uuid[], in_drives int[])
        returns table (id uuid, organization text, channel text, recipient text, event_type text, body text, state text, attempts int, spent int, age float8, quiet float8,
            secret text, previous_secret text, closed_reason text, wait float8)
        language plpgsql set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
        #variable_conflict use_column
        declare probes uuid[];
        begin
            if exists (select from messages m where m.id = any(in_ids) and m.channel = 'whatsapp') then
                update messages m set state = case m.state when 'sending' then 'uncertain' else 'sending' end, error = case m.state when 'sending' then 'Its worker ended while it was sent.' end,
                    sent_at = clock_timestamp(), next_at = null
                from unnest(in_ids, in_drives) as t(id, drive)
                where m.id = t.id and m.drive = t.drive and m.channel = 'whatsapp'
                  and (m.state = 'sending' or (m.state = 'pending' and not exists (select from message_channels c where c.channel = m.channel and c.paused_until > clock_timestamp())));
            end if;
            with probed as (
                update webhook_endpoints e set open_until = clock_timestamp() + interval '30 s'
                where e.open_until <= clock_timestamp() and e.id in (
                    select x.id from messages m join webhook_endpoints x on x.organization = m.organization and x.url = m.recipient
                    where m.id = any(in_ids) and m.channel = 'webhook' and x.open_until is not null)
                returning e.id
            )
            select array_agg(p.id) into probes from probed p;
            return query
            select m.id, m.organization, m.channel, m.recipient, m.event_type, m.body::text, m.state, m.attempts, m.spent,
                extract(epoch from clock_timestamp() - m.created_at)::float8, extract(epoch from clock_timestamp() - m.sent_at)::float8,
                e.secret, case when e.previous_until > clock_timestamp() then e.previous_secret end, e.closed_reason,
                extract(epoch from greatest(case when e.id <> all(coalesce(probes, '{}')) then e.open_until end, c.paused_until) - clock_timestamp())::float8
            from unnest(in_ids, in_drives) as t(id, drive)
            join messages m on m.id = t.id and m.drive = t.drive
            left join webhook_endpoints e on m.channel = 'webhook' and e.organization = m.organization and e.url = m.recipient
            left join message_channels c on c.channel = m.channel;
        end $$;

        -- An attempt that takes its time is shown as such.
        create function messages_mark_sending(in_ids uuid[]) returns void language sql as $$
            update messages m set state = 'sending', sent_at = clock_timestamp(), next_at = null where m.id = any(in_ids) and m.state = 'pending'
        $$;
        """;

    private const string Settle = """
        -- Writes what became of attempts. Numbers of 0: nothing was sent, and there is no delivery to be shown.
        -- What is known to be delivered or dead stays so, whatever an attempt says that ended late.
        create function messages_settle(
            in_ids uuid[], in_drives int[], in_numbers int[], in_states text[], in_errors text[], in_codes int[], in_provider_ids text[], in_delays float8[],
            in_outcomes text[], in_started timestamptz[], in_latencies int[], in_requests text[], in_statuses int[], in_headers text[], in_bodies text[],
            in_pauses float8[], in_trip_after int)
        returns void language plpgsql set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
        declare failing record;
        begin
            insert into deliveries (message_id, number, outcome, started_at, latency_ms, request, status, response_headers, response_body, error)
            select s.id, s.number, s.outcome, s.started, s.latency, s.request, s.status, s.headers, s.body, s.error
            from unnest(in_ids, in_numbers, in_outcomes, in_started, in_latencies, in_requests, in_statuses, in_headers, in_bodies, in_errors)
                as s(id, number, outcome, started, latency, request, status, headers, body, error)
            where s.number > 0
            on conflict do nothing;

            update messages m set
                state = s.state,
                attempts = greatest(m.attempts, s.number), sent_at = coalesce(s.started, m.sent_at),
                error = s.error, error_code = s.code,
                provider_id = coalesce(m.provider_id, s.provider),
                next_at = case when s.state = 'pending' then clock_timestamp() + make_interval(secs => s.delay) end,
                delivered_at = case when s.state = 'delivered' then clock_timestamp() end,
                died_at = case when s.state = 'dead' then clock_timestamp() end
            from unnest(in_ids, in_drives, in_numbers, in_states, in_errors, in_codes, in_provider_ids, in_delays, in_started)
                as s(id, drive, number, state, error, code, provider, delay, started)
            where m.id = s.id and m.drive = s.drive and (m.state in ('pending', 'sending') or (m.state = 'uncertain' and s.state in ('delivered', 'dead')));

            -- What was told by a status before the answer came is not overwritten, but its provider's id may be new.
            update messages m set attempts = greatest(m.attempts, s.number), provider_id = coalesce(m.provider_id, s.provider)
            from unnest(in_ids, in_numbers, in_provider_ids) as s(id, number, provider)
            where s.provider is not null and m.id = s.id and m.attempts < s.number;

            if exists (select from unnest(in_pauses) as p where p > 0) then
                insert into message_channels as c (channel, paused_until, reason, error_code)
                select distinct on (m.channel) m.channel, clock_timestamp() + make_interval(secs => s.pause), s.error, s.code
                from unnest(in_ids, in_pauses, in_errors, in_codes) as s(id, pause, error, code) join messages m on m.id = s.id
                where s.pause > 0 order by m.channel, s.pause desc
                on conflict (channel) do update set paused_until = greatest(c.paused_until, excluded.paused_until), reason = excluded.reason, error_code = excluded.error_code;
            elsif exists (select from message_channels) then
                delete from message_channels c where c.channel in (
                    select m.channel from unnest(in_ids, in_outcomes) as s(id, outcome) join messages m on m.id = s.id where s.outcome = 'delivered');
            end if;

            -- The circuits: a success closes; failures in a row open, for longer each time. Everyone takes endpoints in their
            -- order, so that no two wait for each other.
            update webhook_endpoints e set failures = 0, trips = 0, open_until = null
            where e.id in (
                select x.id from webhook_endpoints x where x.failures > 0 and (x.organization, x.url) in (
                    select m.organization, m.recipient from unnest(in_ids, in_outcomes) as s(id, outcome) join messages m on m.id = s.id
                    where s.outcome = 'delivered' and m.channel = 'webhook')
                order by x.id for update);
            if 'failed' = any(in_outcomes) or 'lost' = any(in_outcomes) or 410 = any(in_statuses) then
                for failing in
                    select m.organization, m.recipient, count(*)::int as times, bool_or(s.status = 410) as gone
                    from unnest(in_ids, in_outcomes, in_statuses) as s(id, outcome, status) join messages m on m.id = s.id
                    where (s.outcome in ('failed', 'lost') or s.status = 410) and m.channel = 'webhook'
                    group by 1, 2 order by 1, 2
                loop
                    insert into webhook_endpoints as e (organization, url, failures, closed_at, closed_reason)
                    values (failing.organization, failing.recipient, failing.times, case when failing.gone then clock_timestamp() end, case when failing.gone then 'It answered 410 (gone).' end)
                    on conflict (organization, url) do update set
                        failures = e.failures + failing.times,
                        closed_at = coalesce(e.closed_at, excluded.closed_at), closed_reason = coalesce(e.closed_reason, excluded.closed_reason);
                    update webhook_endpoints e set trips = e.trips + 1,
                        open_until = clock_timestamp() + least(interval '10 s' * power(2, least(e.trips, 10)), interval '5 min')
                    where e.organization = failing.organization and e.url = failing.recipient and e.failures >= in_trip_after;
                end loop;
            end if;
        end $$;
        """;

    private const string Steer = """
        -- Makes messages pending again that have died or whose end nobody knows; answers them with their new drive.
        create function messages_redrive(in_organization text, in_ids uuid[])
        returns table (id uuid, drive int, channel text, recipient text) language sql as $$
            update messages m set state = 'pending', drive = m.drive + 1, spent = m.attempts, error = null, error_code = null, died_at = null, next_at = null,
                receipt = null, receipt_at = null, provider_id = null
            where m.id in (select x.id from messages x where x.id = any(in_ids) and x.organization = in_organization and x.state in ('dead', 'uncertain') order by x.id for update)
            returning m.id, m.drive, m.channel, m.recipient
        $$;

        -- Gives up messages whose job has ended without them: it was cancelled, or its workers died with it.
        create function messages_abandon(in_ids uuid[], in_drives int[], in_reasons text[]) returns int language plpgsql as $$
        declare abandoned int;
        begin
            update messages m set state = 'dead', died_at = clock_timestamp(), next_at = null, error = left(t.reason, 4000)
            from unnest(in_ids, in_drives, in_reasons) as t(id, drive, reason)
            where m.id = t.id and m.drive = t.drive and m.state in ('pending', 'sending', 'uncertain');
            get diagnostics abandoned = row_count;
            return abandoned;
        end $$;
        """;
}
