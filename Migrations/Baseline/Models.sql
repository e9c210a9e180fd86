-- Versions of models, and candidates that run beside the active version.

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

-- A candidate that runs beside the active version, and how far they agree.
create table model_shadows (
    id int generated always as identity primary key,
    name text not null,
    candidate_id int not null references model_versions (id) on delete cascade,
    active_id int not null references model_versions (id) on delete cascade,
    started_at timestamptz not null default now(),
    ended_at timestamptz,
    compared bigint not null default 0,
    agreed bigint not null default 0,
    failed bigint not null default 0,
    candidate_seconds double precision not null default 0,
    active_seconds double precision not null default 0,
    compared_at timestamptz,
    fault text,
    check (candidate_id <> active_id),
    check (agreed between 0 and compared and failed >= 0)
);
create unique index model_shadows_one_running on model_shadows (name) where ended_at is null;
create index model_shadows_of_candidate on model_shadows (candidate_id, id desc);

create table model_shadow_disagreements (
    shadow_id int not null references model_shadows (id) on delete cascade,
    active_says text not null,
    candidate_says text not null,
    count bigint not null,
    primary key (shadow_id, active_says, candidate_says)
);
