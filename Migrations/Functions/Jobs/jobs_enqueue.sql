-- Adds jobs in the order given; answers for each its id, or that of the job that has its unique key already.
create or replace function jobs_enqueue(
    in_queues text[], in_kinds text[], in_organizations text[], in_priorities smallint[], in_delays float8[], in_attempts int[],
    in_args text[], in_unique_keys text[], in_unique_for float8[], in_order_keys text[], in_limits text[],
    in_order_widths int[])
returns table (job_id bigint, added boolean) language plpgsql as $$
#variable_conflict use_column
declare
    ids bigint[];
    holders bigint[];
    ordinal int;
    holder bigint;
begin
    if cardinality(array_remove(in_unique_keys, null)) = 0 then
        return query
        insert into jobs (queue, kind, organization, state, priority, rank, run_at, max_attempts, args, order_key, order_width, limits)
        select j.queue, j.kind, j.organization, case when j.delay > 0 then 'scheduled' else 'queued' end, j.priority, j.priority,
            case when j.delay > 0 then clock_timestamp() + make_interval(secs => j.delay) end, j.attempts, j.args, j.order_key,
                j.order_width::smallint, j.limits::jsonb
        from unnest(in_queues, in_kinds, in_organizations, in_priorities, in_delays, in_attempts, in_args, in_order_keys,
            in_order_widths, in_limits)
            with ordinality as j(queue, kind, organization, priority, delay, attempts, args, order_key, order_width, limits, n)
        order by j.n
        returning id, true;
        return;
    end if;
    ids := array(select nextval('jobs_id_seq') from generate_series(1, cardinality(in_queues)));
    holders := array_fill(null::bigint, array[cardinality(in_queues)]);
    -- Everyone takes keys in their order, so that no two wait for each other.
    for ordinal in select u.n from unnest(in_unique_keys) with ordinality as u(key, n) where u.key is not null
        order by u.key collate "C", u.n loop
        loop
            -- One that is there is only looked at: its key, locked until this transaction ends, would hold up the end of its job.
            select u.job_id into holder from job_uniques u where u.key = in_unique_keys[ordinal]
                and (u.expires_at is null or u.expires_at > clock_timestamp()
                    or exists (select from jobs j where j.id = u.job_id and j.finished_at is null));
            if found then
                holders[ordinal] := holder;
                exit;
            end if;
            -- Waits for another transaction that is adding the same key, and then looks at what became of it.
            insert into job_uniques as u (key, job_id, expires_at)
            values (in_unique_keys[ordinal], ids[ordinal], clock_timestamp() + make_interval(secs => in_unique_for[ordinal]))
            on conflict (key) do update set job_id = excluded.job_id, expires_at = excluded.expires_at
            where u.expires_at <= clock_timestamp() and not exists (select from jobs j where j.id = u.job_id and j.finished_at is null);
            exit when found;
        end loop;
    end loop;
    insert into jobs (id, queue, kind, organization, state, priority, rank, run_at, max_attempts, args, unique_key, order_key, order_width,
        limits)
    overriding system value
    select j.id, j.queue, j.kind, j.organization, case when j.delay > 0 then 'scheduled' else 'queued' end, j.priority, j.priority,
        case when j.delay > 0 then clock_timestamp() + make_interval(secs => j.delay) end, j.attempts, j.args, j.unique_key,
            j.order_key, j.order_width::smallint, j.limits::jsonb
    from unnest(ids, holders, in_queues, in_kinds, in_organizations, in_priorities, in_delays, in_attempts, in_args, in_unique_keys,
        in_order_keys, in_order_widths, in_limits)
        as j(id, holder, queue, kind, organization, priority, delay, attempts, args, unique_key, order_key, order_width, limits)
    where j.holder is null;
    return query select coalesce(h.holder, h.id), h.holder is null from unnest(ids, holders) with ordinality as h(id, holder, n)
        order by h.n;
end $$;

-- What processes of the version before call: without widths of orders.
create or replace function jobs_enqueue(
    in_queues text[], in_kinds text[], in_organizations text[], in_priorities smallint[], in_delays float8[], in_attempts int[],
    in_args text[], in_unique_keys text[], in_unique_for float8[], in_order_keys text[], in_limits text[])
returns table (job_id bigint, added boolean) language sql as $$
    select e.job_id, e.added from jobs_enqueue(in_queues, in_kinds, in_organizations, in_priorities, in_delays, in_attempts, in_args,
        in_unique_keys, in_unique_for, in_order_keys, in_limits, array_fill(null::int, array[cardinality(in_queues)])) e
$$;
