-- Writes what became of attempts. Numbers of 0: nothing was sent, and there is no delivery to be shown.
-- What is known to be delivered or dead stays so, whatever an attempt says that ended late.
create or replace function messages_settle(
    in_ids uuid[], in_drives int[], in_numbers int[], in_states text[], in_errors text[], in_codes int[], in_provider_ids text[],
    in_delays float8[],
    in_outcomes text[], in_started timestamptz[], in_latencies int[], in_requests text[], in_statuses int[], in_headers text[],
    in_bodies text[],
    in_pauses float8[], in_trip_after int)
returns void language plpgsql set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
set plan_cache_mode = force_generic_plan as $$
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
            from unnest(in_ids, in_drives, in_numbers, in_states, in_errors, in_codes, in_provider_ids, in_delays, in_outcomes,
                in_started, in_latencies, in_requests, in_statuses, in_headers, in_bodies)
                as u(id, drive, number, state, error, code, provider, delay, outcome, started, latency, request, status, headers, body)) s
        where m.id = any(array[s.id]) and m.drive = s.drive and (m.state in ('pending', 'sending')
            or (m.state = 'uncertain' and s.state in ('delivered', 'dead')))
        returning m.latency_ms
    )
    select count(settled.latency_ms) into recorded from settled;

    if recorded < cardinality(in_ids) then
        insert into deliveries (message_id, number, outcome, started_at, latency_ms, request, status, response_headers,
            response_body, error)
        select s.id, s.number, s.outcome, s.started, s.latency, s.request, s.status, s.headers, s.body, s.error
        from unnest(in_ids, in_numbers, in_outcomes, in_started, in_latencies, in_requests, in_statuses, in_headers, in_bodies, in_errors)
            as s(id, number, outcome, started, latency, request, status, headers, body, error)
        where s.number > 0 and not exists (select from messages m where m.id = any(array[s.id]) and m.latency_ms is not null
            and m.attempts = s.number)
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
        on conflict (channel) do update set paused_until = greatest(c.paused_until, excluded.paused_until),
            reason = excluded.reason, error_code = excluded.error_code;
    elsif exists (select from message_channels) then
        delete from message_channels c where c.channel in (
            select m.channel from unnest(in_ids, in_outcomes) as s(id, outcome) join messages m on m.id = any(array[s.id])
                where s.outcome = 'delivered');
    end if;

    -- The circuits: a success closes; failures in a row open, for longer each time. In a row are those that ended after the last
    -- success of an endpoint (attempts come here as they ended). Everyone takes endpoints in their order, so that no two wait
    -- for each other.
    if exists (select from webhook_endpoints e where e.failures > 0) then
        well := array(
            select distinct x.id from unnest(in_ids, in_outcomes) as s(id, outcome)
            cross join lateral (select y.organization, y.recipient from messages y where y.id = s.id and y.channel = 'webhook' limit 1) m
            cross join lateral (select y.id, y.failures from webhook_endpoints y where y.organization = m.organization
                and y.url = m.recipient limit 1) x
            where s.outcome = 'delivered' and x.failures > 0);
        update webhook_endpoints e set failures = 0, trips = 0, open_until = null, probed_at = null
        where e.id in (select x.id from webhook_endpoints x where x.id = any(well) order by x.id for update);
    end if;
    if 'failed' = any(in_outcomes) or 'lost' = any(in_outcomes) or 410 = any(in_statuses) then
        for failing in
            select r.organization, r.recipient, count(*) filter (where r.n > r.succeeded)::int as times, bool_or(r.status = 410) as gone
            from (
                select m.organization, m.recipient, s.n, s.status, s.outcome, coalesce(max(s.n) filter (where s.outcome = 'delivered')
                    over (partition by m.organization, m.recipient), 0) as succeeded
                from unnest(in_ids, in_outcomes, in_statuses) with ordinality as s(id, outcome, status, n)
                join messages m on m.id = any(array[s.id])
                where m.channel = 'webhook') r
            where (r.outcome in ('failed', 'lost') and r.n > r.succeeded) or r.status = 410
            group by 1, 2 order by 1, 2
        loop
            insert into webhook_endpoints as e (organization, url, failures, closed_at, closed_reason)
            values (failing.organization, failing.recipient, failing.times, case when failing.gone then clock_timestamp() end,
                case when failing.gone then 'It answered 410 (gone).' end)
            on conflict (organization, url) do update set
                failures = e.failures + failing.times,
                closed_at = coalesce(e.closed_at, excluded.closed_at), closed_reason = coalesce(e.closed_reason, excluded.closed_reason);
            update webhook_endpoints e set trips = e.trips + 1, probed_at = null,
                open_until = clock_timestamp() + least(interval '10 s' * power(2, least(e.trips, 10)), interval '5 min')
            where e.organization = failing.organization and e.url = failing.recipient and e.failures >= in_trip_after;
        end loop;
    end if;
end $$;
