-- Ordered logs: entries in shards, and the offsets of their consumer groups.

-- One row per shard serialises its appenders, so offsets become visible in the order of their numbers.
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

-- One row per group and shard is offset and lease in one: a commit that names another epoch changes no row.
create table stream_offsets (
    stream text not null,
    consumer_group text not null,
    shard smallint not null,
    committed bigint not null default 0 check (committed >= 0),
    owner text,
    epoch bigint not null default 0,
    lease_expires_at timestamptz,
    -- Owners that were lost since the offset last moved; and those of them that were lost while they handled one entry
    -- alone, as in_hand said. An entry is in hand while in_hand > committed.
    crashes int not null default 0,
    crashes_in_hand int not null default 0,
    in_hand bigint not null default 0,
    primary key (stream, consumer_group, shard),
    check ((owner is null) = (lease_expires_at is null)),
    check (crashes_in_hand between 0 and crashes)
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
