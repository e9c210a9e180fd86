using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Migrations;

/// <summary>Schedules: what is declared and by which version, and every fire with the job that it made.</summary>
[DbContext(typeof(SchemaContext))]
[Migration("20261122000001_Schedules")]
public sealed class M20261122_Schedules : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.Sql(Tables);
        migrationBuilder.Sql(Runs);
    }

    private const string Tables = """
        create table schedules (
            key text collate "C" primary key check (key ~ '^[a-z0-9._-]{1,64}$'),
            cron text not null,
            time_zone text not null,
            description text not null,
            job_kind text not null,
            job_args text not null,
            missed text not null check (missed in ('catchUpOnce', 'skip')),
            -- Whether the version in force declares it; else it is kept for its history, and does not fire.
            declared boolean not null,
            paused boolean not null default false,
            -- Planned instants up to here are settled: fired, or passed over. Its row is locked by whoever fires.
            planned_through timestamptz not null
        );

        -- Sets of declarations, by hash. The last to be declared is in force.
        create table schedule_versions (
            fingerprint text primary key,
            declared_at timestamptz not null
        );

        -- Workers that are alive, with the set that they were built with.
        create table schedule_workers (
            process text primary key,
            fingerprint text not null,
            build text not null,
            runs_initially boolean not null,
            expires_at timestamptz not null
        );

        create table schedule_fires (
            id bigint generated always as identity primary key,
            key text collate "C" not null references schedules,
            scheduled_for timestamptz not null,
            reason text not null check (reason in ('planned', 'missed', 'manual', 'initial')),
            fired_at timestamptz not null default clock_timestamp(),
            -- Set in the transaction that inserts it.
            job_id bigint,
            -- As its job was when last looked at; schedule_runs knows better.
            status text not null default 'pending' check (status in ('pending', 'running', 'succeeded', 'failed', 'cancelled')),
            started_at timestamptz,
            finished_at timestamptz,
            error text,
            unique (key, scheduled_for)
        );
        create index schedule_fires_by_key on schedule_fires (key, id);
        create index schedule_fires_open on schedule_fires (id) where status <> 'succeeded';
        """;

    private const string Runs = """
        -- Fires as their jobs stand now. What is left of a job when the queue has forgotten it is what its fire was told.
        create view schedule_runs as
        select f.id, f.key, f.scheduled_for, f.reason, f.fired_at, f.job_id, now.status, now.started_at, now.finished_at, now.error
        from schedule_fires f
        left join jobs j on j.id = f.job_id and f.status <> 'succeeded'
        left join lateral (
            select d.started_at, d.finished_at from job_done d where f.status <> 'succeeded' and j.id is null and d.id = f.job_id limit 1
        ) done on true
        cross join lateral (
            select 'succeeded' as status, done.started_at, done.finished_at, null as error where done.finished_at is not null
            union all
            select case j.state when 'running' then 'running' when 'dead' then 'failed' when 'cancelled' then 'cancelled' else 'pending' end,
                j.started_at, j.finished_at, j.errors -> -1 ->> 'error' where j.id is not null
            union all
            select case when f.status in ('pending', 'running') then 'cancelled' else f.status end, f.started_at, f.finished_at,
                case when f.status in ('pending', 'running') then 'Its job is no longer there.' else f.error end
            where j.id is null and done.finished_at is null
        ) now;
        """;
}
