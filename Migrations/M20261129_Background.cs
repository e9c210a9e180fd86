using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Migrations;

/// <summary>
/// The tables of Hangfire, as version 23 of Hangfire.PostgreSql has them: made here, so that no process makes them while
/// it serves. A test compares them with what the package itself would make. And the background job of a schedule's fire.
/// </summary>
[DbContext(typeof(SchemaContext))]
[Migration("20261129000000_Background")]
public sealed class M20261129_Background : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.Sql(Hangfire);
        migrationBuilder.Sql(Fires);
    }

    private const string Hangfire = """
        create schema hangfire;
        create table hangfire.schema (version integer primary key);
        insert into hangfire.schema values (23);

        create table hangfire.job (
            id bigserial primary key,
            stateid bigint,
            statename text,
            invocationdata jsonb not null,
            arguments jsonb not null,
            createdat timestamptz not null,
            expireat timestamptz,
            updatecount integer not null default 0
        );
        create index ix_hangfire_job_expireat on hangfire.job (expireat);
        create index ix_hangfire_job_statename on hangfire.job (statename);
        create index ix_hangfire_job_statename_is_not_null on hangfire.job (statename) include (id) where statename is not null;

        create table hangfire.state (
            id bigserial primary key,
            jobid bigint not null references hangfire.job on update cascade on delete cascade,
            name text not null,
            reason text,
            createdat timestamptz not null,
            data jsonb,
            updatecount integer not null default 0
        );
        create index ix_hangfire_state_jobid on hangfire.state (jobid);

        create table hangfire.jobparameter (
            id bigserial primary key,
            jobid bigint not null references hangfire.job on update cascade on delete cascade,
            name text not null,
            value text,
            updatecount integer not null default 0
        );
        create index ix_hangfire_jobparameter_jobidandname on hangfire.jobparameter (jobid, name);

        create table hangfire.jobqueue (
            id bigserial primary key,
            jobid bigint not null,
            queue text not null,
            fetchedat timestamptz,
            updatecount integer not null default 0
        );
        create index ix_hangfire_jobqueue_fetchedat_queue_jobid on hangfire.jobqueue (fetchedat nulls first, queue, jobid);
        create index ix_hangfire_jobqueue_jobidandqueue on hangfire.jobqueue (jobid, queue);
        create index ix_hangfire_jobqueue_queueandfetchedat on hangfire.jobqueue (queue, fetchedat);

        create table hangfire.server (
            id text primary key,
            data jsonb,
            lastheartbeat timestamptz not null,
            updatecount integer not null default 0
        );

        create table hangfire.lock (
            resource text not null unique,
            updatecount integer not null default 0,
            acquired timestamptz
        );
        alter table hangfire.lock replica identity using index lock_resource_key;

        create table hangfire.set (
            id bigserial primary key,
            key text not null,
            score double precision not null,
            value text not null,
            expireat timestamptz,
            updatecount integer not null default 0,
            unique (key, value)
        );
        create index ix_hangfire_set_expireat on hangfire.set (expireat);
        create index ix_hangfire_set_key_score on hangfire.set (key, score);

        create table hangfire.hash (
            id bigserial primary key,
            key text not null,
            field text not null,
            value text,
            expireat timestamptz,
            updatecount integer not null default 0,
            unique (key, field)
        );
        create index ix_hangfire_hash_expireat on hangfire.hash (expireat);

        create table hangfire.list (
            id bigserial primary key,
            key text not null,
            value text,
            expireat timestamptz,
            updatecount integer not null default 0
        );
        create index ix_hangfire_list_expireat on hangfire.list (expireat);

        create table hangfire.counter (
            id bigserial primary key,
            key text not null,
            value bigint not null,
            expireat timestamptz
        );
        create index ix_hangfire_counter_expireat on hangfire.counter (expireat);
        create index ix_hangfire_counter_key on hangfire.counter (key);

        create table hangfire.aggregatedcounter (
            id bigserial primary key,
            key text not null unique,
            value bigint not null,
            expireat timestamptz
        );
        """;

    private const string Fires = """
        alter table schedule_fires add column background_job_id bigint;
        alter table schedule_fires add constraint schedule_fires_background_check check (status <> 'skipped' or background_job_id is null);

        -- Fires as their jobs stand now: background jobs, and jobs of the queue for fires of versions before this one. What
        -- is left of a job when its engine has forgotten it is what its fire was told.
        create or replace view schedule_runs as
        select f.id, f.key, f.scheduled_for, f.reason, f.fired_at, f.job_id, now.status, now.started_at, now.finished_at, now.error, f.background_job_id
        from schedule_fires f
        left join jobs j on j.id = f.job_id and f.status <> 'succeeded'
        left join hangfire.job b on b.id = f.background_job_id and f.status <> 'succeeded'
        left join hangfire.state s on s.id = b.stateid
        left join lateral (
            select d.started_at, d.finished_at from job_done d where f.status <> 'succeeded' and j.id is null and d.id = f.job_id limit 1
        ) done on true
        cross join lateral (
            select 'succeeded' as status, done.started_at, done.finished_at, null as error where done.finished_at is not null
            union all
            select case j.state when 'running' then 'running' when 'dead' then 'failed' when 'cancelled' then 'cancelled' else 'pending' end,
                j.started_at, j.finished_at, j.errors -> -1 ->> 'error' where j.id is not null
            union all
            select case b.statename when 'Processing' then 'running' when 'Succeeded' then 'succeeded' when 'Failed' then 'failed' when 'Deleted' then 'cancelled' else 'pending' end,
                (select max(p.createdat) from hangfire.state p where p.jobid = b.id and p.name = 'Processing'),
                case when b.statename in ('Succeeded', 'Failed', 'Deleted') then s.createdat end,
                (select e.data ->> 'ExceptionMessage' from hangfire.state e where e.jobid = b.id and e.name = 'Failed' order by e.id desc limit 1)
                where b.id is not null
            union all
            select case when f.status in ('pending', 'running') then 'cancelled' else f.status end, f.started_at, f.finished_at,
                case when f.status in ('pending', 'running') then 'Its job is no longer there.' else f.error end
            where j.id is null and b.id is null and done.finished_at is null
        ) now;
        """;
}
