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
        -- Cancels a job: at once unless it runs, else its worker is told. False: it has ended, or there is none.
        -- Whoever holds the lock of the limits must not wait for a row: a claim holds rows and waits for that lock.
        create or replace function jobs_cancel(in_id bigint, in_reason text) returns boolean language plpgsql as $$
        declare job jobs;
        begin
            loop
                begin
                    perform jobs_lock_limits();
                    select * into job from jobs where id = in_id and finished_at is null for update nowait;
                    if not found then
                        return false;
                    end if;
                    if job.state = 'running' then
                        update jobs set cancel_requested = true where id = in_id;
                        perform pg_notify('tandem_job_cancels', '');
                    else
                        update jobs set state = 'cancelled', finished_at = clock_timestamp(), waits_for = null, errors = jobs_errors(errors, attempt, null, in_reason) where id = in_id;
                        perform jobs_end(array[in_id], array[job.order_key]);
                    end if;
                    return true;
                exception when lock_not_available then
                    -- Going back to here has given the lock of the limits up as well.
                    perform pg_sleep(0.01);
                end;
            end loop;
        end $$;

        -- Cancels those of the jobs that have not ended and that nobody is changing just now; answers which.
        create function jobs_cancel_many(in_ids bigint[], in_reason text) returns table (id bigint) language plpgsql as $$
        #variable_conflict use_column
        declare
            ids bigint[];
            ended bigint[];
            orders text[];
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
                returning j.id, j.order_key
            )
            select array_agg(gone.id), array_agg(gone.order_key) into ended, orders from gone;
            perform jobs_end(ended, orders);
            return query select unnest(ids);
        end $$;

        -- Queues jobs again that have ended or that wait for their time, with all their attempts. They are due from now on, whenever
        -- they were made, and take a new place under their rates.
        create or replace function jobs_redrive(in_ids bigint[]) returns int language plpgsql as $$
        declare redriven int;
        begin
            insert into job_uniques (key, job_id) select j.unique_key, j.id from jobs j
            where j.id = any(in_ids) and j.finished_at is not null and j.unique_key is not null on conflict do nothing;
            update jobs set state = 'queued', finished_at = null, run_at = clock_timestamp(), attempt = 0, crashes = 0, suspect = false, cancel_requested = false, rank = priority, paced = false
            where id = any(in_ids) and (finished_at is not null or state = 'scheduled');
            get diagnostics redriven = row_count;
            perform pg_notify('tandem_jobs', '');
            return redriven;
        end $$;
        """;
}
