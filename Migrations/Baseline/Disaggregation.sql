-- What models predict of buildings.

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
