using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Migrations;

/// <summary>
/// Locks of jobs are taken in one order by all: rows, by id, and then the limits. Who has the limits waits for no row; who
/// cancels does not take them, so that several cancels may be one transaction.
/// </summary>
[DbContext(typeof(SchemaContext))]
[Migration("20261123000000_JobLocks")]
public sealed class M20261123_JobLocks : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.Sql(Limits);
        migrationBuilder.Sql(Rescue);
        migrationBuilder.Sql(Cancel);
        migrationBuilder.Sql(Redrive);
    }

    private const string Limits = """
        -- As before, and what is admitted under limits is on the disk when the claim is answered: a crash of the database must not
        -- forget a place that is taken.
        create or replace function jobs_lock_limits() returns void language plpgsql as $$
        begin
            perform pg_advisory_xact_lock(8371, 1);
            perform set_config('synchronous_commit', 'on', true);
        end $$;
        """;

    // As before, but the limits come after the rows of all that are gone.
    private const string Rescue = """
        -- When the lease was last renewed. A version that does not say so is never charged with the crash of a worker.
        alter table job_workers add column beat_at timestamptz not null default clock_timestamp();

        -- Frees the jobs of workers whose leases have ended. Each is charged with a crash unless it was only claimed ahead;
        -- the third makes it dead. A worker that has not been seen since the database was away may not have found back in time.
        create or replace function jobs_rescue() returns table (worker bigint, process text, freed int, set_aside int) language plpgsql
        set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
        as $$
        #variable_conflict use_column
        declare
            gone record;
            ids bigint[];
            workers bigint[];
        begin
            workers := array(select w.id from job_workers w where w.lease_expires_at <= clock_timestamp() for update skip locked);
            if cardinality(workers) = 0 then
                return;
            end if;
            for gone in select w.process from job_workers w where w.id = any(workers) loop
                -- A worker that is stopped, not dead, may hold locks in the middle of an answer that it does not read.
                perform pg_terminate_backend(a.pid) from pg_stat_activity a
                where a.datname = current_database() and a.pid <> pg_backend_pid() and (a.application_name = gone.process or a.application_name like gone.process || '/%')
                  and not exists (select from job_workers w where w.process = gone.process and w.lease_expires_at > clock_timestamp());
            end loop;
            perform from jobs j where j.worker = any(workers) order by j.id for update;
            perform jobs_lock_limits();
            for gone in select w.id, w.process, w.beat_at > pg_postmaster_start_time() as died from job_workers w where w.id = any(workers) loop
                with held as (
                    update jobs j set
                        crashes = j.crashes + case when gone.died and not j.ahead then 1 else 0 end,
                        state = case when j.cancel_requested then 'cancelled' when gone.died and not j.ahead and j.crashes >= 2 then 'dead' else 'queued' end,
                        finished_at = case when j.cancel_requested or (gone.died and not j.ahead and j.crashes >= 2) then clock_timestamp() end,
                        errors = case when j.ahead or not gone.died then j.errors else jobs_errors(j.errors, j.attempt, j.worker, format('Its worker %s ended while it ran this job.', gone.process)) end,
                        attempt = case when j.ahead or not gone.died then j.attempt - 1 else j.attempt end,
                        rank = -32768, suspect = gone.died or j.suspect, worker = null, ahead = false
                    where j.worker = gone.id
                    returning j.id, j.state
                )
                select coalesce(array_agg(held.id), '{}'), count(*), count(*) filter (where held.state = 'dead') into ids, freed, set_aside from held;
                perform jobs_release(ids);
                perform jobs_end(array(select j.id from jobs j where j.id = any(ids) and j.finished_at is not null), array(select j.order_key from jobs j where j.id = any(ids) and j.finished_at is not null));
                delete from job_workers w where w.id = gone.id;
                worker := gone.id;
                process := gone.process;
                return next;
            end loop;
            perform pg_notify('tandem_jobs', '');
        end $$;
        """;

    private const string Cancel = """
        -- Cancels a job: at once unless it runs, else its worker is told. False: it has ended, or there is none. Who cancels several
        -- in one transaction does so by id, or by jobs_cancel_many.
        create or replace function jobs_cancel(in_id bigint, in_reason text) returns boolean language plpgsql as $$
        declare job jobs;
        begin
            select * into job from jobs where id = in_id and finished_at is null for update;
            if not found then
                return false;
            end if;
            if job.state = 'running' then
                update jobs set cancel_requested = true where id = in_id;
                perform pg_notify('tandem_job_cancels', '');
                return true;
            end if;
            update jobs set state = 'cancelled', finished_at = clock_timestamp(), waits_for = null, errors = jobs_errors(errors, attempt, null, in_reason) where id = in_id;
            perform jobs_end(array[in_id], array[job.order_key]);
            -- Without the lock of the limits this may wake one too many, who waits again, or none, as jobs_stage will.
            perform jobs_pass(job.limits);
            return true;
        end $$;

        -- Cancels those of the jobs that have not ended and that nobody is changing just now; answers which. It waits for no row.
        create or replace function jobs_cancel_many(in_ids bigint[], in_reason text) returns table (id bigint) language plpgsql as $$
        #variable_conflict use_column
        declare
            ids bigint[];
            ended bigint[];
            orders text[];
            freed jsonb;
        begin
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

    private const string Redrive = """
        -- Queues jobs again that have ended or that wait for their time, with all their attempts, but none whose unique key is another's by now.
        create or replace function jobs_redrive(in_ids bigint[]) returns int language plpgsql as $$
        declare redriven int;
        begin
            perform from jobs j where j.id = any(in_ids) order by j.id for update;
            insert into job_uniques as u (key, job_id) select distinct on (j.unique_key) j.unique_key, j.id from jobs j
            where j.id = any(in_ids) and j.finished_at is not null and j.unique_key is not null order by j.unique_key, j.id
            on conflict (key) do update set job_id = excluded.job_id, expires_at = null
            where u.expires_at <= clock_timestamp() and not exists (select from jobs j where j.id = u.job_id and j.finished_at is null);
            update jobs j set state = 'queued', finished_at = null, run_at = clock_timestamp(), paced = false, attempt = 0, crashes = 0, suspect = false, cancel_requested = false,
                rank = j.priority, progress = null, progress_text = null
            where j.id = any(in_ids) and (j.finished_at is not null or j.state = 'scheduled')
              and (j.unique_key is null or exists (select from job_uniques u where u.key = j.unique_key and u.job_id = j.id));
            get diagnostics redriven = row_count;
            perform pg_notify('tandem_jobs', '');
            return redriven;
        end $$;
        """;
}
