-- What workers of the version before call: without widths of orders, which they run one after the other.
create or replace function jobs_claim(
    in_worker bigint, in_kinds text[], in_limit int, in_ahead boolean, in_suspects int, in_solo boolean, in_after_queue text,
    in_after_organization text,
    in_only text[], in_except text[], in_together int)
returns table (id bigint, kind text, organization text, queue text, args text, attempt int, max_attempts int, guarded boolean,
    crashes int, rank smallint, claim int, order_key text)
language sql as $$
    select c.id, c.kind, c.organization, c.queue, c.args, c.attempt, c.max_attempts, c.guarded, c.crashes, c.rank, c.claim, c.order_key
    from jobs_take(in_worker, in_kinds, in_limit, in_ahead, in_suspects, in_solo, in_after_queue, in_after_organization, in_only,
        in_except, in_together) c
$$;

-- What workers of the version before that call: all queues, and one job of an order at a time.
create or replace function jobs_claim(
    in_worker bigint, in_kinds text[], in_limit int, in_ahead boolean, in_suspects int, in_solo boolean, in_after_queue text,
    in_after_organization text)
returns table (id bigint, kind text, organization text, queue text, args text, attempt int, max_attempts int, guarded boolean,
    crashes int, rank smallint, claim int)
language sql as $$
    select c.id, c.kind, c.organization, c.queue, c.args, c.attempt, c.max_attempts, c.guarded, c.crashes, c.rank, c.claim
    from jobs_claim(in_worker, in_kinds, in_limit, in_ahead, in_suspects, in_solo, in_after_queue, in_after_organization, null, '{}', 1) c
$$;
