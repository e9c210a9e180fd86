-- Moves offsets forward for an owner that still holds its leases and knows where they stand; anything else aborts the
-- transaction, and with it every effect that was to be committed beside the offsets. An offset that moves leaves the
-- crashes at its entry behind.
create or replace function stream_commit(
    in_stream text, in_group text, in_owner text, in_shards smallint[], in_epochs bigint[], in_from bigint[], in_to bigint[])
returns void language plpgsql as $$
declare moved int;
begin
    update stream_offsets o
    set committed = n.upto,
        crashes = case when n.upto > n.after then 0 else o.crashes end,
        crashes_in_hand = case when n.upto > n.after then 0 else o.crashes_in_hand end
    from unnest(in_shards, in_epochs, in_from, in_to) as n(shard, epoch, after, upto)
    where o.stream = in_stream and o.consumer_group = in_group and o.shard = n.shard
      and o.owner = in_owner and o.epoch = n.epoch
      and o.lease_expires_at > clock_timestamp() and o.committed = n.after and n.after <= n.upto;
    get diagnostics moved = row_count;
    if moved <> cardinality(in_shards) then
        raise exception 'shard lease lost: % of % shards of % are still held by %',
            moved, cardinality(in_shards), in_group, in_owner using errcode = 'TD001';
    end if;
end $$;
