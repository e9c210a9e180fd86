-- What the far side reports of messages, in any order and any number of times; answers those that it changed.
-- A report never takes back a later one: sent < failed < delivered < read.
create or replace function messages_receive(in_ids uuid[], in_provider_ids text[], in_statuses text[], in_times timestamptz[],
    in_codes int[], in_errors text[])
returns setof uuid language plpgsql as $$
declare
    report record;
    message messages;
    ladder constant text[] := '{sent,failed,delivered,read}';
begin
    -- Everyone takes messages in their order, so that no two wait for each other.
    for report in
        select coalesce(m.id, p.id) as id, r.* from
            unnest(in_ids, in_provider_ids, in_statuses, in_times, in_codes, in_errors) with ordinality
            as r(message, provider, status, at, code, error, n)
        left join messages m on m.id = r.message
        left join lateral (select x.id from messages x where m.id is null and x.provider_id = r.provider limit 1) p on true
        where coalesce(m.id, p.id) is not null
        order by 1, r.n
    loop
        select * into message from messages where id = report.id for update;
        continue when message.provider_id is not null and report.provider is not null and message.provider_id <> report.provider;
        continue when coalesce(array_position(ladder, message.receipt), 0) >= array_position(ladder, report.status);
        update messages m set
            receipt = report.status, receipt_at = report.at, provider_id = coalesce(m.provider_id, report.provider),
            state = case when report.status = 'failed' then 'dead' else 'delivered' end,
            delivered_at = case when report.status = 'failed' then null else coalesce(m.delivered_at, report.at) end,
            died_at = case when report.status = 'failed' then coalesce(m.died_at, clock_timestamp()) end,
            next_at = null,
            error = case when report.status = 'failed' then coalesce(report.error, 'The far side reports that it failed.') end,
            error_code = case when report.status = 'failed' then report.code end
        where m.id = report.id;
        return next report.id;
    end loop;
end $$;
