-- Tickets that open one live connection each.

create table live_tickets (
    -- SHA-256 of it: who reads the table can use none.
    ticket bytea primary key check (octet_length(ticket) = 32),
    organization text not null,
    expires_at timestamptz not null
);
create index live_tickets_by_end on live_tickets (expires_at);
