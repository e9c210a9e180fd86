using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Migrations;

/// <summary>
/// A message that is delivered holds the record of the attempt that did it, so that most messages are one row that changes
/// once; only other attempts are rows of their own. What an attempt reads and writes is looked up once.
/// </summary>
[DbContext(typeof(SchemaContext))]
[Migration("20261124000000_MessageRecords")]
public sealed class M20261124_MessageRecords : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.Sql(Columns);
        migrationBuilder.Sql(Transitions);
        migrationBuilder.Sql(Take);
        migrationBuilder.Sql(Foresee);
        migrationBuilder.Sql(Settle);
        migrationBuilder.Sql(Redrive);
    }

    // Without a check of their own: every check of a table is made again at every change of a row.
    private const string Columns = """
        -- The attempt that delivered it: the last one, numbered as there were attempts, begun at sent_at.
        alter table messages
            add column latency_ms int,
            add column request text,
            add column status int,
            add column response_headers text,
            add column response_body text;

        -- Every attempt, wherever it is written.
        create view message_deliveries as
            select message_id, number, outcome, started_at, latency_ms, request, status, response_headers, response_body, error from deliveries
            union all
            select id, attempts, 'delivered', sent_at, latency_ms, request, status, response_headers, response_body, null from messages where latency_ms is not null;
        """;

    private const string Transitions = """
        -- As before, but the function is called for what is refused alone, and no row is locked for it.
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
        drop trigger messages_check_transition on messages;
        create trigger messages_check_transition after update of state on messages
        for each row when (old.state is distinct from new.state and not (old.state in ('pending', 'sending') and new.state in ('delivered', 'dead'))) execute function messages_check_transition();
        """;

    private const string Take = """
        -- As before, looking up each message once. (What cannot tell a repetition, and circuits that are open, are looked for first.)
        create or replace function messages_take(in_ids uuid[], in_drives int[])
        returns table (id uuid, organization text, channel text, recipient text, event_type text, body text, state text, attempts int, spent int, age float8, quiet float8,
            secret text, previous_secret text, closed_reason text, wait float8)
        language plpgsql set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan as $$
        #variable_conflict use_column
        declare probes uuid[];
        begin
            if exists (select from messages m where m.id = any(in_ids) and m.channel = 'whatsapp') then
                update messages m set state = case m.state when 'sending' then 'uncertain' else 'sending' end, error = case m.state when 'sending' then 'Its worker ended while it was sent.' end,
                    sent_at = clock_timestamp(), next_at = null
                from unnest(in_ids, in_drives) as t(id, drive)
                where m.id = any(array[t.id]) and m.drive = t.drive and m.channel = 'whatsapp'
                  and (m.state = 'sending' or (m.state = 'pending' and not exists (select from message_channels c where c.channel = m.channel and c.paused_until > clock_timestamp())));
            end if;
            if exists (select from webhook_endpoints e where e.open_until <= clock_timestamp()) then
                probes := array(
                    select x.id from unnest(in_ids) as t(id)
                    cross join lateral (select y.organization, y.recipient from messages y where y.id = t.id and y.channel = 'webhook' limit 1) m
                    cross join lateral (select y.id, y.open_until from webhook_endpoints y where y.organization = m.organization and y.url = m.recipient limit 1) x
                    where x.open_until is not null);
                with probed as (
                    update webhook_endpoints e set open_until = clock_timestamp() + interval '30 s'
                    where e.id = any(probes) and e.open_until <= clock_timestamp()
                    returning e.id
                )
                select array_agg(p.id) into probes from probed p;
            end if;
            return query
            select m.id, m.organization, m.channel, m.recipient, m.event_type, m.body::text, m.state, m.attempts, m.spent,
                extract(epoch from clock_timestamp() - m.created_at)::float8, extract(epoch from clock_timestamp() - m.sent_at)::float8,
                e.secret, case when e.previous_until > clock_timestamp() then e.previous_secret end, e.closed_reason,
                extract(epoch from greatest(case when e.id <> all(coalesce(probes, '{}')) then e.open_until end, c.paused_until) - clock_timestamp())::float8
            from unnest(in_ids, in_drives) as t(id, drive)
            cross join lateral (select * from messages x where x.id = t.id and x.drive = t.drive limit 1) m
            left join lateral (select * from webhook_endpoints x where m.channel = 'webhook' and x.organization = m.organization and x.url = m.recipient limit 1) e on true
            left join message_channels c on c.channel = m.channel;
        end $$;
        -- What messages_take looks for first.
        create index webhook_endpoints_open on webhook_endpoints (open_until) where open_until is not null;
        """;

    private const string Foresee = """
        -- What claimed jobs are about, read with their claim, so that nothing need be asked for before it is sent. It changes nothing
        -- and waits for nobody, for the claim holds locks; it is volatile, so that it sees what was committed before the claim was
        -- admitted. Left to messages_take is what is more than a look: what is to be marked
        -- as being sent, circuits that are open, silent channels, and large bodies.
        create function messages_foresee(in_args text[])
        returns table (n bigint, id uuid, organization text, channel text, recipient text, body text, state text, attempts int, spent int, age float8, quiet float8,
            secret text, previous_secret text, closed_reason text)
        language plpgsql set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan as $$
        #variable_conflict use_column
        begin
            return query
            select a.n, m.id, m.organization, m.channel, m.recipient, m.body::text, m.state, m.attempts, m.spent,
                extract(epoch from clock_timestamp() - m.created_at)::float8, extract(epoch from clock_timestamp() - m.sent_at)::float8,
                e.secret, case when e.previous_until > clock_timestamp() then e.previous_secret end, e.closed_reason
            from (select u.n, u.args::json as args from unnest(in_args) with ordinality as u(args, n)) a
            cross join lateral (select * from messages x where x.id = (a.args ->> 'messageId')::uuid and x.drive = (a.args ->> 'drive')::int limit 1) m
            left join lateral (select * from webhook_endpoints x where m.channel = 'webhook' and x.organization = m.organization and x.url = m.recipient limit 1) e on true
            where m.channel <> 'whatsapp' and m.state in ('pending', 'sending') and e.open_until is null and octet_length(m.body::text) <= 4096
              and not exists (select from message_channels c where c.channel = m.channel);
        end $$;
        """;

    private const string Settle = """
        -- Writes what became of attempts. Numbers of 0: nothing was sent, and there is no delivery to be shown.
        -- What is known to be delivered or dead stays so, whatever an attempt says that ended late.
        create or replace function messages_settle(
            in_ids uuid[], in_drives int[], in_numbers int[], in_states text[], in_errors text[], in_codes int[], in_provider_ids text[], in_delays float8[],
            in_outcomes text[], in_started timestamptz[], in_latencies int[], in_requests text[], in_statuses int[], in_headers text[], in_bodies text[],
            in_pauses float8[], in_trip_after int)
        returns void language plpgsql set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan as $$
        declare
            failing record;
            recorded int;
            well uuid[];
        begin
            -- The attempt that delivers is recorded with its message, unless another has its number already.
            with settled as (
                update messages m set
                    state = s.state,
                    attempts = greatest(m.attempts, s.number), sent_at = coalesce(s.started, m.sent_at),
                    error = s.error, error_code = s.code,
                    provider_id = coalesce(m.provider_id, s.provider),
                    next_at = case when s.state = 'pending' then clock_timestamp() + make_interval(secs => s.delay) end,
                    delivered_at = case when s.state = 'delivered' then clock_timestamp() end,
                    died_at = case when s.state = 'dead' then clock_timestamp() end,
                    latency_ms = case when s.delivers and m.attempts < s.number then s.latency end,
                    request = case when s.delivers then s.request end,
                    status = case when s.delivers then s.status end,
                    response_headers = case when s.delivers then s.headers end,
                    response_body = case when s.delivers then s.body end
                from (
                    select *, u.state = 'delivered' and u.outcome = 'delivered' and u.error is null as delivers
                    from unnest(in_ids, in_drives, in_numbers, in_states, in_errors, in_codes, in_provider_ids, in_delays, in_outcomes, in_started, in_latencies, in_requests, in_statuses, in_headers, in_bodies)
                        as u(id, drive, number, state, error, code, provider, delay, outcome, started, latency, request, status, headers, body)) s
                where m.id = any(array[s.id]) and m.drive = s.drive and (m.state in ('pending', 'sending') or (m.state = 'uncertain' and s.state in ('delivered', 'dead')))
                returning m.latency_ms
            )
            select count(settled.latency_ms) into recorded from settled;

            if recorded < cardinality(in_ids) then
                insert into deliveries (message_id, number, outcome, started_at, latency_ms, request, status, response_headers, response_body, error)
                select s.id, s.number, s.outcome, s.started, s.latency, s.request, s.status, s.headers, s.body, s.error
                from unnest(in_ids, in_numbers, in_outcomes, in_started, in_latencies, in_requests, in_statuses, in_headers, in_bodies, in_errors)
                    as s(id, number, outcome, started, latency, request, status, headers, body, error)
                where s.number > 0 and not exists (select from messages m where m.id = any(array[s.id]) and m.latency_ms is not null and m.attempts = s.number)
                on conflict do nothing;

                -- What was told by a status before the answer came is not overwritten, but its provider's id may be new.
                update messages m set attempts = greatest(m.attempts, s.number), provider_id = coalesce(m.provider_id, s.provider)
                from unnest(in_ids, in_numbers, in_provider_ids) as s(id, number, provider)
                where s.provider is not null and m.id = any(array[s.id]) and m.attempts < s.number;
            end if;

            if exists (select from unnest(in_pauses) as p where p > 0) then
                insert into message_channels as c (channel, paused_until, reason, error_code)
                select distinct on (m.channel) m.channel, clock_timestamp() + make_interval(secs => s.pause), s.error, s.code
                from unnest(in_ids, in_pauses, in_errors, in_codes) as s(id, pause, error, code) join messages m on m.id = any(array[s.id])
                where s.pause > 0 order by m.channel, s.pause desc
                on conflict (channel) do update set paused_until = greatest(c.paused_until, excluded.paused_until), reason = excluded.reason, error_code = excluded.error_code;
            elsif exists (select from message_channels) then
                delete from message_channels c where c.channel in (
                    select m.channel from unnest(in_ids, in_outcomes) as s(id, outcome) join messages m on m.id = any(array[s.id]) where s.outcome = 'delivered');
            end if;

            -- The circuits: a success closes; failures in a row open, for longer each time. Everyone takes endpoints in their
            -- order, so that no two wait for each other.
            if exists (select from webhook_endpoints e where e.failures > 0) then
                well := array(
                    select distinct x.id from unnest(in_ids, in_outcomes) as s(id, outcome)
                    cross join lateral (select y.organization, y.recipient from messages y where y.id = s.id and y.channel = 'webhook' limit 1) m
                    cross join lateral (select y.id, y.failures from webhook_endpoints y where y.organization = m.organization and y.url = m.recipient limit 1) x
                    where s.outcome = 'delivered' and x.failures > 0);
                update webhook_endpoints e set failures = 0, trips = 0, open_until = null
                where e.id in (select x.id from webhook_endpoints x where x.id = any(well) order by x.id for update);
            end if;
            if 'failed' = any(in_outcomes) or 'lost' = any(in_outcomes) or 410 = any(in_statuses) then
                for failing in
                    select m.organization, m.recipient, count(*)::int as times, bool_or(s.status = 410) as gone
                    from unnest(in_ids, in_outcomes, in_statuses) as s(id, outcome, status) join messages m on m.id = any(array[s.id])
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
        -- Those that have failed since their last success: few.
        create index webhook_endpoints_failing on webhook_endpoints (id) where failures > 0;
        """;

    private const string Redrive = """
        -- As before; the record of an earlier drive goes to those of other attempts.
        create or replace function messages_redrive(in_organization text, in_ids uuid[])
        returns table (id uuid, drive int, channel text, recipient text) language plpgsql as $$
        #variable_conflict use_column
        declare ids uuid[];
        begin
            ids := array(select x.id from messages x where x.id = any(in_ids) and x.organization = in_organization and x.state in ('dead', 'uncertain') order by x.id for update);
            insert into deliveries (message_id, number, outcome, started_at, latency_ms, request, status, response_headers, response_body)
            select m.id, m.attempts, 'delivered', m.sent_at, m.latency_ms, m.request, m.status, m.response_headers, m.response_body
            from messages m where m.id = any(ids) and m.latency_ms is not null
            on conflict do nothing;
            return query
            update messages m set state = 'pending', drive = m.drive + 1, spent = m.attempts, error = null, error_code = null, died_at = null, next_at = null,
                receipt = null, receipt_at = null, provider_id = null,
                latency_ms = null, request = null, status = null, response_headers = null, response_body = null
            where m.id = any(ids)
            returning m.id, m.drive, m.channel, m.recipient;
        end $$;
        """;
}
