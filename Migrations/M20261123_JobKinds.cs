using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Migrations;

/// <summary>Claims go past kinds that a worker does not know in one step, however many such jobs stand first in a line.</summary>
[DbContext(typeof(SchemaContext))]
[Migration("20261123000000_JobKinds")]
public sealed class M20261123_JobKinds : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.Sql(Pick);
        migrationBuilder.Sql(Claim);
    }

    // Called by claims, and planned under their settings.
    private const string Pick = """
        create index jobs_in_line on jobs (queue, organization, kind, rank, id) where state = 'queued';
        drop index jobs_queued;

        -- Locks up to so many jobs of a line that are of the given kinds, those first in rank and then id.
        create function jobs_pick(in_queue text, in_organization text, in_kinds text[], in_limit int) returns table (id bigint, limited boolean) language plpgsql as $$
        #variable_conflict use_column
        declare
            found_kind text := '';
            kinds text[] := '{}';
        begin
            -- One look for each kind that is there: those that are not asked for are passed over whole.
            loop
                select j.kind into found_kind from jobs j
                where j.state = 'queued' and j.queue = in_queue and j.organization = in_organization and j.kind > found_kind order by j.kind limit 1;
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
                            where j.state = 'queued' and j.queue = in_queue and j.organization = in_organization and j.kind = k.kind and not j.suspect
                            order by j.rank, j.id limit in_limit) h
                        order by h.rank, h.id limit in_limit) first
                    group by first.kind) share
                cross join lateral (
                    select j.id, j.order_key is not null or j.limits is not null as limited from jobs j
                    where j.state = 'queued' and j.queue = in_queue and j.organization = in_organization and j.kind = share.kind and not j.suspect
                    order by j.rank, j.id limit share.jobs for update skip locked) picked;
            end if;
        end $$;
        """;

    // As before, picking by jobs_pick.
    private const string Claim = """
        -- Takes up to so many jobs for a worker whose lease holds. Lines (a queue's jobs of one organization) take turns, beginning
        -- behind the line given; within a line the rank and then the id decide. Suspects, which some worker died with, come first:
        -- as many as can start at once, and of those that two workers died with, one.
        create or replace function jobs_claim(
            in_worker bigint, in_kinds text[], in_limit int, in_ahead boolean, in_suspects int, in_solo boolean, in_after_queue text, in_after_organization text)
        returns table (id bigint, kind text, organization text, queue text, args text, attempt int, max_attempts int, guarded boolean, crashes int, rank smallint, claim int)
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
            one bigint;
            bounded boolean;
            any_limited boolean := false;
            refused int := 0;
            turned_away int;
            moment timestamptz;
        begin
            -- Shared with other claims and with heartbeats, but not with rescue: a dead worker's jobs are freed once and for all.
            perform from job_workers w where w.id = in_worker and w.lease_expires_at > clock_timestamp() for key share;
            if not found then
                raise exception 'the lease of job worker % is lost', in_worker using errcode = 'TD003';
            end if;

            if in_suspects > 0 and exists (select from jobs j where j.state = 'queued' and j.suspect) then
                ids := array(select j.id from jobs j where j.state = 'queued' and j.suspect and j.crashes < 2 and j.kind = any(in_kinds) and j.queue <> all(paused)
                    order by j.id limit in_suspects for update skip locked);
                if in_solo then
                    ids := ids || array(select j.id from jobs j where j.state = 'queued' and j.suspect and j.crashes >= 2 and j.kind = any(in_kinds) and j.queue <> all(paused)
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
                    if q = any(paused) then
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
                    limited := array(select j.id from jobs j where j.id = any(ids) and (j.order_key is not null or j.limits is not null) order by j.rank, j.id);
                    perform jobs_lock_limits();
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
                j.unique_key is not null or j.order_key is not null or j.limits is not null, j.crashes::int, j.rank, j.claims;
        end $$;
        """;
}
