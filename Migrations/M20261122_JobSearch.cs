using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Migrations;

/// <summary>What the dashboard of jobs needs: counts of attempts by minute, and steering of many jobs at once.</summary>
[DbContext(typeof(SchemaContext))]
[Migration("20261122000003_JobSearch")]
public sealed class M20261122_JobSearch : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.Sql(Minutes);
        migrationBuilder.Sql(Partitions);
        migrationBuilder.Sql(Steer);
    }

    private const string Minutes = """
        -- Attempts that ended, counted by the workers: rows of jobs are too many to be counted again for every look.
        create table job_minutes (
            at timestamptz not null,
            kind text collate "C" not null,
            outcome text collate "C" not null,
            attempts bigint not null,
            seconds float8 not null,
            primary key (at, kind, outcome)
        ) with (fillfactor = 70);
        """;

    private const string Partitions = """
        -- Today's and tomorrow's, so that the default partition stays empty; later ones are made by the leading worker.
        do $$
        declare day date;
        begin
            for i in 0 .. 1 loop
                day := (now() at time zone 'utc')::date + i;
                execute format('create table job_done_%s partition of job_done for values from (%L) to (%L)',
                    to_char(day, 'YYYYMMDD'), day || ' 00:00+00', (day + 1) || ' 00:00+00');
            end loop;
        exception when check_violation then
            raise notice 'jobs have succeeded already: they stay in the default partition until they are old';
        end $$;
        """;

    private const string Steer = """
        -- Cancels those of the jobs that have not ended and that nobody is changing just now; answers which. It waits for no row
        -- while it has the lock of the limits, as jobs_cancel.
        create function jobs_cancel_many(in_ids bigint[], in_reason text) returns table (id bigint) language plpgsql as $$
        #variable_conflict use_column
        declare
            ids bigint[];
            ended bigint[];
            orders text[];
            freed jsonb;
        begin
            perform jobs_lock_limits();
            ids := array(select j.id from jobs j where j.id = any(in_ids) and j.finished_at is null order by j.id for update skip locked);
            update jobs j set cancel_requested = true where j.id = any(ids) and j.state = 'running';
            if found then
                perform pg_notify('tandem_job_cancels', '');
            end if;
            with gone as (
                update jobs j set state = 'cancelled', finished_at = clock_timestamp(), waits_for = null, errors = jobs_errors(j.errors, j.attempt, null, in_reason)
                where j.id = any(ids) and j.state <> 'running'
                returning j.id, j.order_key, j.limits
            )
            select array_agg(gone.id), array_agg(gone.order_key), jsonb_agg(distinct bound) filter (where bound is not null) into ended, orders, freed
            from gone left join lateral jsonb_array_elements(gone.limits) as bound on true;
            perform jobs_end(ended, orders);
            perform jobs_pass(freed);
            return query select unnest(ids);
        end $$;
        """;
}
