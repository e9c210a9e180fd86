-- Appends behind heads that the caller knows, under the locks of their shards' rows, which are held until its transaction
-- ends: offsets become visible in the order of their numbers. A head that has moved aborts it.
create or replace function stream_append(
    in_stream text, in_shards smallint[], in_heads bigint[], in_entry_shards smallint[], in_offsets bigint[], in_payloads bytea[])
returns void language plpgsql as $$
declare found int;
begin
    -- In the order of the shards, so that two appenders cannot block each other. A row that had to be waited for is
    -- compared as the other transaction has left it.
    select count(*) into found from (
        select from stream_shards s join unnest(in_shards, in_heads) as n(shard, head) on n.shard = s.shard and n.head = s.head
        where s.stream = in_stream order by s.shard for update of s) locked;
    if found <> cardinality(in_shards) then
        raise exception 'another process has appended to %', in_stream using errcode = 'TD002';
    end if;
    insert into stream_entries (stream, shard, entry_offset, payload)
    select in_stream, e.shard, e.entry_offset, e.payload
    from unnest(in_entry_shards, in_offsets, in_payloads) as e(shard, entry_offset, payload);
    update stream_shards s set head = n.head
    from (select shard, max(entry_offset) as head from unnest(in_entry_shards, in_offsets) as e(shard, entry_offset) group by shard) n
    where s.stream = in_stream and s.shard = n.shard;
    -- One notification a transaction, however many entries.
    perform pg_notify('tandem_stream', in_stream);
end $$;
