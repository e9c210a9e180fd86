-- Keys and leases.

create table api_keys (
    id uuid primary key,
    organization text not null check (organization ~ '^[A-Za-z0-9._:-]{1,128}$'),
    name text not null,
    hash bytea not null unique check (octet_length(hash) = 32),
    scopes text[] not null check (cardinality(scopes) > 0 and scopes <@ array['ingest', 'read', 'write', 'admin']),
    created_at timestamptz not null default now(),
    revoked_at timestamptz
);

-- A name that one process at a time holds, until it expires. The epoch tells a holder from the one before it.
create table leases (
    name text primary key,
    owner text not null,
    epoch bigint not null check (epoch > 0),
    expires_at timestamptz not null
) with (fillfactor = 50);
