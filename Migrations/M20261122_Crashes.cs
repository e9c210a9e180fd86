using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Migrations;

/// <summary>What a shard's owners to come must know of those that were lost: an entry that ends its process is found and set aside.</summary>
[DbContext(typeof(SchemaContext))]
[Migration("20261122000000_Crashes")]
public sealed class M20261122_Crashes : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
        -- crashes: owners that were lost since the offset last moved; crashes_in_hand: those of them that were lost while
        -- they handled one entry alone, as in_hand said. An entry is in hand while in_hand > committed.
        alter table stream_offsets
            add column crashes int not null default 0,
            add column crashes_in_hand int not null default 0,
            add column in_hand bigint not null default 0,
            add check (crashes_in_hand between 0 and crashes);

        -- As before, and an offset that moves leaves the crashes behind.
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
        """);
}
