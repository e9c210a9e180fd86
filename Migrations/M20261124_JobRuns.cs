using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Migrations;

/// <summary>
/// Claims of runs and ends of jobs look each row up as seldom as they can; jobs of kinds that keep no history leave none.
/// </summary>
[DbContext(typeof(SchemaContext))]
[Migration("20261124000001_JobRuns")]
public sealed class M20261124_JobRuns : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.Sql(Claim);
        migrationBuilder.Sql(Finish);
    }

    private const string Claim = """
        -- Of an order whose jobs have no limits a worker takes some together, and runs them one after the other: as many as stand
        -- at its head, while none of it runs. Answers what of the jobs given may run now, with what comes with it, and what may
        -- not; and whether it stands behind another. Call it under the lock of the limits (jobs_lock_limits).
        create function jobs_take_runs(in_ids bigint[], in_kinds text[], in_together int)
        returns table (id bigint, admitted boolean, behind boolean) language plpgsql
        set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
        as $$
        #variable_conflict use_column
        begin
            return query
            with picked as materialized (
                select j.id, j.order_key, j.queue from jobs j where j.id = any(in_ids) and j.order_key is not null and j.limits is null
            ),
            orders as materialized (
                select p.order_key, min(p.queue) as queue from picked p
                -- Looked up for each, however many run.
                where (select r.id from jobs r where r.order_key = p.order_key and r.state = 'running' and r.order_key is not null limit 1) is null
                group by p.order_key
            ),
            line as materialized (
                select o.order_key, f.id, f.place, f.able from orders o cross join lateral (
                    select b.id, b.ctid as place, b.state = 'queued' and b.queue = o.queue and b.kind = any(in_kinds) and b.limits is null and (not b.suspect or b.id = any(in_ids)) as able
                    from jobs b where b.order_key = o.order_key and b.order_key is not null and b.finished_at is null order by b.id limit in_together) f
            ),
            -- Where they were found a moment ago, so that they need not be looked up again.
            locked as materialized (
                select j.id from jobs j where j.ctid = any(array(select l.place from line l where l.able)) and j.state = 'queued' for update skip locked
            ),
            -- Brought together by grouping, which no guess of how many there are can make slow, as it can a join.
            had as materialized (
                select u.id, max(u.order_key) as order_key, bool_or(u.locked) as locked from (
                    select l.id, l.order_key, false as locked from line l union all select x.id, null, true from locked x) u
                group by u.id
            ),
            -- Up to the first that is not to be had.
            runs as materialized (
                select r.id, r.n > 1 as behind from (
                    select h.id, row_number() over whole as n, bool_and(h.locked) over whole as had from had h window whole as (partition by h.order_key order by h.id)) r
                where r.had
            )
            select r.id, true, r.behind from runs r
            union all
            select late.id, false, false from (select p.id from picked p except select r.id from runs r) late;
        end $$;

        -- Takes up to so many jobs for a worker whose lease holds. Lines (a queue's jobs of one organization) take turns, beginning
        -- behind the line given; within a line the rank and then the id decide. Suspects, which some worker died with, come first:
        -- as many as can start at once, and of those that two workers died with, one. in_only and in_except name queues.
        create or replace function jobs_claim(
            in_worker bigint, in_kinds text[], in_limit int, in_ahead boolean, in_suspects int, in_solo boolean, in_after_queue text, in_after_organization text,
            in_only text[], in_except text[], in_together int)
        returns table (id bigint, kind text, organization text, queue text, args text, attempt int, max_attempts int, guarded boolean, crashes int, rank smallint, claim int, order_key text)
        language plpgsql
        set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
        as $$
        #variable_conflict use_column
        declare
            paused text[] := array(select q.name from job_queues q where q.paused_at is not null);
            queues text[] := '{}';
            organizations text[] := '{}';
            q text := in_after_queue;
            o text := in_after_organization;
            wrapped boolean := false;
            round boolean := false;
            line record;
            ids bigint[] := '{}';
            fresh bigint[];
            limited bigint[];
            late bigint[];
            one bigint;
            bounded boolean;
            any_limited boolean := false;
            running_on boolean;
            refused int := 0;
            turned_away int;
            moment timestamptz;
        begin
            -- Shared with other claims and with heartbeats, but not with rescue: a dead worker's jobs are freed once and for all.
            perform from job_workers w where w.id = in_worker and w.lease_expires_at > clock_timestamp() for key share;
            if not found then
                raise exception 'the lease of job worker % is lost', in_worker using errcode = 'TD003';
            end if;

            if in_suspects > 0 and exists (select from jobs j where j.suspect and j.state is not distinct from 'queued') then
                ids := array(select j.id from jobs j where j.suspect and j.state is not distinct from 'queued' and j.crashes < 2 and j.kind = any(in_kinds) and j.queue <> all(paused) and (in_only is null or j.queue = any(in_only)) and j.queue <> all(in_except)
                    order by j.id limit in_suspects for update skip locked);
                if in_solo then
                    ids := ids || array(select j.id from jobs j where j.suspect and j.state is not distinct from 'queued' and j.crashes >= 2 and j.kind = any(in_kinds) and j.queue <> all(paused) and (in_only is null or j.queue = any(in_only)) and j.queue <> all(in_except)
                        order by j.id limit 1 for update skip locked);
                end if;
                any_limited := cardinality(ids) > 0;
            end if;

            -- Lines that have nothing for this worker, and jobs that their limits turn away, must not hide what is behind them.
            loop
                queues := '{}';
                organizations := '{}';
                while cardinality(queues) < 32 and not round loop
                    select j.queue, j.organization into line from jobs j
                    where j.state = 'queued' and (j.queue, j.organization) > (q, o) order by j.queue, j.organization limit 1;
                    if not found then
                        round := wrapped;
                        wrapped := true;
                        q := '';
                        o := '';
                        continue;
                    end if;
                    round := wrapped and (line.queue, line.organization) > (in_after_queue, in_after_organization);
                    exit when round;
                    q := line.queue;
                    o := line.organization;
                    if q = any(paused) or q = any(in_except) or (in_only is not null and q <> all(in_only)) then
                        o := chr(1114111);
                        continue;
                    end if;
                    queues := queues || q;
                    organizations := organizations || o;
                end loop;

                -- What a short line leaves is for the next claim, which comes at once while there are jobs.
                for ordinal in 1 .. cardinality(queues) loop
                    exit when cardinality(ids) >= in_limit;
                    select coalesce(array_agg(picked.id), '{}'), coalesce(bool_or(picked.limited), false) into fresh, bounded
                    from jobs_pick(queues[ordinal], organizations[ordinal], in_kinds, ceil((in_limit - cardinality(ids))::numeric / (cardinality(queues) - ordinal + 1))::int) picked;
                    ids := ids || fresh;
                    any_limited := any_limited or bounded;
                end loop;

                turned_away := 0;
                if any_limited then
                    perform pg_advisory_xact_lock(8371, 1);
                    select coalesce(array_agg(t.id) filter (where t.admitted), '{}'), coalesce(array_agg(t.id) filter (where not t.admitted), '{}'), coalesce(bool_or(t.behind), false)
                    into fresh, late, running_on from jobs_take_runs(ids, in_kinds, in_together) t;
                    limited := array(select j.id from jobs j where j.id = any(ids) and j.limits is not null order by j.rank, j.id);
                    ids := array(select j.id from jobs j where j.id = any(ids) and (j.order_key is null or j.limits is not null)) || fresh;
                    if cardinality(late) > 0 then
                        update jobs j set state = 'waiting', waits_for = 'order:' || j.order_key where j.id = any(late);
                        turned_away := cardinality(late);
                    end if;
                    -- On the disk before it is answered, where a crash of the database must not forget it: who holds a place under a
                    -- limit, and who goes on from job to job of an order without asking.
                    if cardinality(limited) > 0 or running_on then
                        perform set_config('synchronous_commit', 'on', true);
                    end if;
                    moment := clock_timestamp();
                    foreach one in array limited loop
                        if not jobs_admit(one, moment) then
                            ids := array_remove(ids, one);
                            turned_away := turned_away + 1;
                        end if;
                    end loop;
                end if;
                exit when cardinality(ids) > 0 or (round and turned_away = 0);
                if turned_away > 0 then
                    refused := refused + turned_away;
                    if refused >= 1000 then
                        -- Others have waited long enough for the limits: go on in another claim.
                        perform pg_notify('tandem_jobs', '');
                        exit;
                    end if;
                    q := in_after_queue;
                    o := in_after_organization;
                    wrapped := false;
                    round := false;
                    any_limited := false;
                end if;
            end loop;

            return query
            update jobs as j
            set state = 'running', worker = in_worker, attempt = j.attempt + 1, claims = j.claims + 1, started_at = coalesce(moment, clock_timestamp()), ahead = in_ahead and not j.suspect, run_at = null, paced = false
            where j.id = any(ids)
            returning j.id, j.kind, j.organization, j.queue, j.args, j.attempt, j.max_attempts,
                j.unique_key is not null or j.order_key is not null or j.limits is not null, j.crashes::int, j.rank, j.claims, j.order_key;
        end $$;

        drop function jobs_take_orders(bigint[], text[], int);

        -- Found though the planner believes that the table is empty: with its state in the condition, all that is queued was
        -- as good to look through.
        create index jobs_suspects on jobs (id) where suspect;
        drop index jobs_suspect;
        """;

    private const string Finish = """
        -- Writes what became of attempts, for a worker whose lease holds and which still holds the jobs; answers those that it was.
        -- Outcomes: succeeded, forgotten (which leaves no row in job_done), retry, snoozed, cancelled, dead, released; 'retry aside'
        -- and 'snoozed aside' give up the place in the order as well. Delays are seconds.
        create or replace function jobs_finish(
            in_worker bigint, in_ids bigint[], in_claims int[], in_outcomes text[], in_delays float8[], in_texts text[], in_guarded boolean)
        returns table (id bigint) language plpgsql
        set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
        as $$
        #variable_conflict use_column
        declare
            ours bigint[];
            bounded bigint[];
            keyed bigint[];
            orders text[];
            forgotten boolean := 'forgotten' = any(in_outcomes);
            only_forgotten boolean := in_outcomes <@ array['forgotten'];
        begin
            perform from job_workers w where w.id = in_worker and w.lease_expires_at > clock_timestamp() for key share;
            if not found then
                raise exception 'the lease of job worker % is lost', in_worker using errcode = 'TD003';
            end if;

            -- Found by id, one after the other, whatever the planner believes of the table: "any(array[…])" leaves no other way
            -- to join, "is not distinct from" does not look among all that the worker holds.
            if only_forgotten then
                -- Locked by id, as by everyone, though all at once.
                with gone as (
                    delete from jobs j using (select * from unnest(in_ids, in_claims) as u(id, claim) order by u.id) f
                    where j.id = any(array[f.id]) and j.worker is not distinct from in_worker and j.claims = f.claim
                    returning j.id, j.order_key, j.limits is not null as bound, j.unique_key is not null as keyed
                )
                select array_agg(g.id), array_agg(g.id) filter (where g.bound), array_agg(g.id) filter (where g.keyed), array_agg(distinct g.order_key) filter (where g.order_key is not null)
                into ours, bounded, keyed, orders from gone g;
                return query select unnest(ours);
            else
                if in_guarded then
                    -- Locked, so that no request to cancel falls between. Only what the worker holds is given back: an end may be written twice.
                    select array_agg(h.id) filter (where h.bound), array_agg(h.id) filter (where h.keyed and h.ends), array_agg(distinct h.order_key) filter (where h.order_key is not null and (h.ends or h.aside))
                    into bounded, keyed, orders from (
                        select j.id, j.order_key, j.bound, j.keyed, j.cancel_requested or f.outcome in ('succeeded', 'forgotten', 'cancelled', 'dead') as ends, f.outcome like '% aside' as aside
                        from (select * from unnest(in_ids, in_claims, in_outcomes) as u(id, claim, outcome) order by u.id) f
                        cross join lateral (
                            select x.id, x.order_key, x.cancel_requested, x.limits is not null as bound, x.unique_key is not null as keyed
                            from jobs x where x.id = f.id and x.claims = f.claim and x.worker is not distinct from in_worker for update) j) h;
                    perform jobs_lock_limits();
                end if;
                if forgotten then
                    return query
                    delete from jobs j using unnest(in_ids, in_claims, in_outcomes) as f(id, claim, outcome)
                    where f.outcome = 'forgotten' and j.id = any(array[f.id]) and j.worker is not distinct from in_worker and j.claims = f.claim
                    returning j.id;
                end if;

                return query
                with gone as (
                    delete from jobs j using unnest(in_ids, in_claims, in_outcomes, in_texts) as f(id, claim, outcome, result)
                    where f.outcome = 'succeeded' and j.id = any(array[f.id]) and j.worker is not distinct from in_worker and j.claims = f.claim
                    returning j.*, f.result
                )
                insert into job_done as d (id, queue, kind, organization, priority, attempt, max_attempts, args, created_at, started_at, worker, result, errors)
                select g.id, g.queue, g.kind, g.organization, g.priority, g.attempt, g.max_attempts, g.args, g.created_at, g.started_at, in_worker, g.result, g.errors from gone g
                returning d.id;

                return query
                update jobs j set
                    state = case when j.cancel_requested or f.outcome = 'cancelled' then 'cancelled' when f.outcome = 'dead' then 'dead'
                        when f.outcome = 'released' or f.delay <= 0 then 'queued' else 'scheduled' end,
                    finished_at = case when j.cancel_requested or f.outcome in ('cancelled', 'dead') then clock_timestamp() end,
                    run_at = case when f.outcome in ('retry', 'snoozed', 'retry aside', 'snoozed aside') and f.delay > 0 then clock_timestamp() + make_interval(secs => f.delay) end,
                    rank = case when f.outcome = 'released' then -32768 else j.priority end,
                    attempt = case when f.outcome in ('released', 'snoozed', 'snoozed aside') then j.attempt - 1 else j.attempt end,
                    errors = case when f.text is null then j.errors else jobs_errors(j.errors, j.attempt, in_worker, f.text) end,
                    worker = null, ahead = false, order_key = case when f.outcome like '% aside' then null else j.order_key end,
                    suspect = j.suspect and f.outcome = 'released', crashes = case when f.outcome = 'released' then j.crashes else 0 end
                from unnest(in_ids, in_claims, in_outcomes, in_delays, in_texts) as f(id, claim, outcome, delay, text)
                where f.outcome not in ('succeeded', 'forgotten') and j.id = any(array[f.id]) and j.worker is not distinct from in_worker and j.claims = f.claim
                returning j.id;
            end if;

            -- Most have none of these: they are not looked for.
            if only_forgotten and (orders is not null or bounded is not null) then
                perform jobs_lock_limits();
            end if;
            if bounded is not null then
                perform jobs_release(bounded);
            end if;
            if keyed is not null then
                delete from job_uniques u where u.job_id = any(keyed) and (u.expires_at is null or u.expires_at <= clock_timestamp());
            end if;
            if orders is not null then
                perform jobs_wake_orders(orders);
            end if;
        end $$;
        """;
}
