-- Catalog items with their stock, reservations of it, and payments.

-- Stock is what can still be reserved. Whoever takes some does so in one statement that names what it needs; the
-- check is what holds when such a statement is written wrongly.
create table catalog_items (
    organization text not null check (organization ~ '^[A-Za-z0-9._:-]{1,128}$'),
    sku text collate "C" not null check (length(sku) between 1 and 128),
    name text not null check (length(name) between 1 and 500),
    stock int not null check (stock >= 0),
    price_minor bigint not null check (price_minor between 0 and 1000000000000),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    -- Changed since it was last handed to the catalog channel.
    unsynced boolean not null default true,
    changed_at timestamptz not null default clock_timestamp(),
    primary key (organization, sku)
) with (fillfactor = 70);
create index catalog_items_unsynced on catalog_items (organization, sku) where unsynced;

create table reservations (
    id uuid primary key,
    organization text not null,
    sku text collate "C" not null,
    quantity int not null check (quantity between 1 and 1000000),
    reference text not null check (length(reference) between 1 and 128),
    status text not null default 'held' check (status in ('held', 'confirmed', 'released', 'expired')),
    -- What was to be paid when it was made; a later price changes nothing.
    amount_minor bigint not null check (amount_minor >= 0),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    ended_at timestamptz,
    foreign key (organization, sku) references catalog_items (organization, sku),
    unique (organization, reference),
    check ((status = 'held') = (ended_at is null))
) with (fillfactor = 70);
create index reservations_of_organization on reservations (organization, id desc);
create index reservations_by_reference on reservations (reference);

create table payments (
    id bigint generated always as identity primary key,
    organization text not null,
    provider text not null,
    -- The payment's name at its provider.
    provider_reference text not null check (length(provider_reference) between 1 and 200),
    -- What it says that it pays.
    reference text not null,
    reservation_id uuid references reservations,
    amount_minor bigint not null check (amount_minor >= 0),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    status text not null default 'pending' check (status in ('pending', 'failed', 'succeeded', 'refunded')),
    refunded_minor bigint not null default 0 check (refunded_minor >= 0),
    needs_refund boolean not null default false,
    -- Why it had to be refunded; stays when it has been.
    refund_reason text,
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp(),
    unique (provider, provider_reference),
    check (not needs_refund or (refund_reason is not null and status = 'succeeded'))
);
create index payments_of_organization on payments (organization, id desc);
create index payments_that_need_refund on payments (organization, id desc) where needs_refund;
create index payments_by_reference on payments (provider, reference);
-- One payment pays a reservation; every other of it must be given back.
create unique index payments_one_a_reservation on payments (reservation_id) where status = 'succeeded' and not needs_refund;

-- Refunds as the provider reported them, so that one that is reported twice counts once.
create table payment_refunds (
    payment_id bigint not null references payments on delete cascade,
    refund_reference text not null check (length(refund_reference) between 1 and 200),
    amount_minor bigint not null check (amount_minor >= 0),
    status text not null check (status in ('failed', 'processed')),
    created_at timestamptz not null default clock_timestamp(),
    primary key (payment_id, refund_reference)
);
