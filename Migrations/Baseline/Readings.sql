-- Buildings, their meters, and what was measured.

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
