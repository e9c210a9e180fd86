-- Admissions under an order or a limit and the ends that make room in it take turns, so that no end falls between a look and a
-- wait. Each key ('order:…', 'limit:…') has its own lock, one of 4,096 by hash, so that claims and ends of other keys need not
-- wait. All that a transaction needs it takes in one call, in ascending order: nobody waits for another in a ring. Before it
-- come the rows of the jobs, by id; who has a key waits for no row.
-- Who needs very many takes the one lock that stands for all of them, which the others share: locks are few in the server.
create or replace function jobs_lock_keys(in_keys text[]) returns void language plpgsql as $$
declare
    stripes int[] := array(select distinct jobs_stripe(u.k) from unnest(in_keys) as u(k) where u.k is not null order by 1);
    stripe int;
begin
    if cardinality(stripes) > 256 then
        perform pg_advisory_xact_lock(8371, 1);
        return;
    end if;
    perform pg_advisory_xact_lock_shared(8371, 1);
    foreach stripe in array stripes loop
        perform pg_advisory_xact_lock(8372, stripe);
    end loop;
end $$;
