using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Migrations;

/// <summary>
/// The tables of Hangfire, as version 23 of Hangfire.PostgreSql has them: made here, so that no process makes them while
/// it serves. A test compares them with what the package itself would make. And the background job of a schedule's fire.
/// </summary>
[DbContext(typeof(SchemaContext))]
[Migration("20261129000003_Background")]
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
        """;
}
