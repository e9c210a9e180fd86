-- Locks up to so many queued jobs of one line (a queue's jobs of one organization) that are of the given kinds: those first
-- by rank and then by id. It is called by jobs_claim, and planned under its settings.
create or replace function jobs_pick(in_queue text, in_organization text, in_kinds text[], in_limit int)
returns table (id bigint, limited boolean) language plpgsql as $$
#variable_conflict use_column
declare
    found_kind text := '';
    kinds text[] := '{}';
begin
    -- One look for each kind that is there: those that are not asked for are passed over whole.
    loop
        select j.kind into found_kind from jobs j
        where j.state = 'queued' and j.queue = in_queue and j.organization = in_organization and j.kind > found_kind order by j.kind
            limit 1;
        exit when not found;
        if found_kind = any(in_kinds) then
            kinds := kinds || found_kind;
        end if;
    end loop;
    if cardinality(kinds) = 1 then
        return query
        select j.id, j.order_key is not null or j.limits is not null from jobs j
        where j.state = 'queued' and j.queue = in_queue and j.organization = in_organization and j.kind = kinds[1] and not j.suspect
        order by j.rank, j.id limit in_limit for update skip locked;
    elsif cardinality(kinds) > 1 then
        -- How many of each kind are among the first, and then so many of each that nobody else has locked.
        return query
        select picked.id, picked.limited from (
            select first.kind, count(*) as jobs from (
                select h.kind from unnest(kinds) as k(kind) cross join lateral (
                    select j.kind, j.rank, j.id from jobs j
                    where j.state = 'queued' and j.queue = in_queue and j.organization = in_organization and j.kind = k.kind
                        and not j.suspect
                    order by j.rank, j.id limit in_limit) h
                order by h.rank, h.id limit in_limit) first
            group by first.kind) share
        cross join lateral (
            select j.id, j.order_key is not null or j.limits is not null as limited from jobs j
            where j.state = 'queued' and j.queue = in_queue and j.organization = in_organization and j.kind = share.kind and not j.suspect
            order by j.rank, j.id limit share.jobs for update skip locked) picked;
    end if;
end $$;
