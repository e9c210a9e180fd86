-- Frees the places under limits of jobs that no longer run, and wakes as many that waited for them. Lock their keys first.
create or replace function jobs_release(in_ids bigint[]) returns void language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare awake bigint[];
begin
    with gone as (delete from job_holds h where h.job_id = any(in_ids) returning h.key),
    freed as (select g.key, count(*) as places from gone g group by g.key)
    select array_agg(w.id) into awake from freed f
    cross join lateral (select j.id from jobs j where j.state = 'waiting' and j.waits_for = 'limit:' || f.key
        order by j.rank, j.id limit f.places) w;
    -- Passing over a job that somebody is changing just now: jobs_stage looks again within a second.
    if awake is not null then
        update jobs j set state = 'queued', waits_for = null
        where j.id in (select x.id from jobs x where x.id = any(awake) and x.state is not distinct from 'waiting' for update skip locked);
    end if;
end $$;
