using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Migrations;

/// <summary>Keys, leases, the streams engine, buildings and their readings, the model registry, predictions.</summary>
[DbContext(typeof(SchemaContext))]
[Migration("20261121000000_Foundation")]
public sealed class M20261121_Foundation : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.Sql(Keys);
        migrationBuilder.Sql(Leases);
        migrationBuilder.Sql(Streams);
        migrationBuilder.Sql(Readings);
        migrationBuilder.Sql(Models);
        migrationBuilder.Sql(Predictions);
    }

    private const string Keys = """
        create table api_keys (
            id uuid primary key,
            organization text not null check (organization ~ '^[A-Za-z0-9._:-]{1,128}$'),
            name text not null,
            hash bytea not null unique check (octet_length(hash) = 32),
            scopes text[] not null check (cardinality(scopes) > 0 and scopes <@ array['ingest', 'read', 'write', 'admin']),
            created_at timestamptz not null default now(),
            revoked_at timestamptz
        );
        """;

    private const string Leases = """
        create table leases (
            name text primary key,
            owner text not null,
            epoch bigint not null check (epoch > 0),
            expires_at timestamptz not null
        ) with (fillfactor = 50);
        """;

    // One row per shard serialises its appenders, so offsets become visible in the order of their numbers.
    // One row per group and shard is offset and lease in one: a commit that names another epoch changes no row.
    private const string Streams = """
        create table stream_shards (
            stream text not null,
            shard smallint not null check (shard >= 0),
            head bigint not null default 0,
            primary key (stream, shard)
        ) with (fillfactor = 20);

        create table stream_entries (
            stream text not null,
            shard smallint not null,
            entry_offset bigint not null,
            appended_at timestamptz not null default now(),
            payload bytea not null,
            primary key (stream, shard, entry_offset, appended_at)
        ) partition by range (appended_at);
        alter table stream_entries alter column payload set storage external;
        create table stream_entries_default partition of stream_entries default;

        create table stream_offsets (
            stream text not null,
            consumer_group text not null,
            shard smallint not null,
            committed bigint not null default 0 check (committed >= 0),
            owner text,
            epoch bigint not null default 0,
            lease_expires_at timestamptz,
            primary key (stream, consumer_group, shard),
            check ((owner is null) = (lease_expires_at is null))
        ) with (fillfactor = 20);

        create table stream_members (
            stream text not null,
            consumer_group text not null,
            member text not null,
            expires_at timestamptz not null,
            primary key (stream, consumer_group, member)
        );

        create table stream_dead_entries (
            id bigint generated always as identity primary key,
            stream text not null,
            consumer_group text not null,
            shard smallint not null,
            entry_offset bigint not null,
            payload bytea not null,
            error text not null,
            attempts int not null,
            state text not null default 'dead' check (state in ('dead', 'redriving', 'done')),
            set_aside_at timestamptz not null default now(),
            unique (stream, consumer_group, shard, entry_offset)
        );

        -- Appends behind heads that the caller knows, under the locks of their shards' rows, which are held until its
        -- transaction ends: offsets become visible in the order of their numbers. A head that has moved aborts it.
        create function stream_append(
            in_stream text, in_shards smallint[], in_heads bigint[], in_entry_shards smallint[], in_offsets bigint[], in_payloads bytea[])
        returns void language plpgsql as $$
        declare found int;
        begin
            -- In the order of the shards, so that two appenders cannot block each other.
            perform from stream_shards where stream = in_stream and shard = any(in_shards) order by shard for update;
            select count(*) into found from stream_shards s join unnest(in_shards, in_heads) as n(shard, head) on n.shard = s.shard and n.head = s.head
            where s.stream = in_stream;
            if found <> cardinality(in_shards) then
                raise exception 'another process has appended to %', in_stream using errcode = 'TD002';
            end if;
            insert into stream_entries (stream, shard, entry_offset, payload)
            select in_stream, e.shard, e.entry_offset, e.payload from unnest(in_entry_shards, in_offsets, in_payloads) as e(shard, entry_offset, payload);
            update stream_shards s set head = n.head
            from (select shard, max(entry_offset) as head from unnest(in_entry_shards, in_offsets) as e(shard, entry_offset) group by shard) n
            where s.stream = in_stream and s.shard = n.shard;
            -- One notification a transaction, however many entries.
            perform pg_notify('tandem_stream', in_stream);
        end $$;

        -- Moves offsets forward for an owner that still holds its leases and knows where they stand; anything else
        -- aborts the transaction, and with it every effect that was to be committed beside the offsets.
        create function stream_commit(
            in_stream text, in_group text, in_owner text, in_shards smallint[], in_epochs bigint[], in_from bigint[], in_to bigint[])
        returns void language plpgsql as $$
        declare moved int;
        begin
            update stream_offsets o
            set committed = n.upto
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
        """;

    private const string Readings = """
        create table buildings (
            key int generated always as identity primary key,
            organization text not null,
            building_id text not null,
            shard smallint not null,
            created_at timestamptz not null default now(),
            unique (organization, building_id)
        );

        create table meters (
            key int generated always as identity primary key,
            building_key int not null references buildings (key) on delete cascade,
            meter text not null,
            net_negative boolean not null default false,
            last_reading_at timestamptz,
            unique (building_key, meter)
        ) with (fillfactor = 80);

        -- Readings of one meter in order of time, about a thousand to a block; blocks of a meter do not overlap.
        create table reading_blocks (
            meter_key int not null references meters (key) on delete cascade,
            starts_at timestamptz not null,
            ends_at timestamptz not null,
            readings int not null check (readings > 0),
            data bytea not null,
            primary key (meter_key, starts_at),
            check (starts_at <= ends_at)
        );
        alter table reading_blocks alter column data set storage external;
        """;

    private const string Models = """
        create table model_versions (
            id int generated always as identity primary key,
            name text not null check (name ~ '^[a-z][a-z0-9-]{0,63}$'),
            version int not null check (version > 0),
            sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
            spec jsonb not null,
            artifact bytea,
            artifact_url text,
            state text not null check (state in ('candidate', 'active', 'retired')),
            created_at timestamptz not null default now(),
            activated_at timestamptz,
            unique (name, version),
            check (artifact is not null or artifact_url is not null)
        );
        alter table model_versions alter column artifact set storage external;
        create unique index model_versions_one_active on model_versions (name) where state = 'active';
        """;

    private const string Predictions = """
        create table predictions (
            building_key int not null references buildings (key) on delete cascade,
            ts timestamptz not null,
            mains real not null,
            watts real[] not null,
            on_bits int not null,
            final boolean not null,
            model_version_id int not null references model_versions (id),
            primary key (building_key, ts)
        ) with (fillfactor = 90);
        """;
}
