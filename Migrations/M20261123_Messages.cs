using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Migrations;

/// <summary>Messages: what is to be delivered, every attempt, the endpoints of webhooks, and how a message's state may change.</summary>
[DbContext(typeof(SchemaContext))]
[Migration("20261123000000_Messages")]
public sealed partial class M20261123_Messages : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.Sql(Tables);
        migrationBuilder.Sql(Transitions);
        migrationBuilder.Sql(Take);
        migrationBuilder.Sql(Settle);
        migrationBuilder.Sql(Receive);
        migrationBuilder.Sql(Steer);
    }

    // Bodies are json, not jsonb: a webhook's signature is over the bytes as they came.
    private const string Tables = """
        create table messages (
            id uuid primary key,
            organization text collate "C" not null check (organization ~ '^[A-Za-z0-9._:-]{1,128}$'),
            channel text collate "C" not null check (channel in ('whatsapp', 'webhook', 'catalog', 'email')),
            recipient text collate "C" not null check (length(recipient) between 1 and 2048),
            event_type text check (length(event_type) between 1 and 128),
            body json not null check (octet_length(body::text) <= 262144),
            state text collate "C" not null default 'pending' check (state in ('pending', 'sending', 'delivered', 'uncertain', 'dead')),
            -- Counts how often it was driven: a job of an earlier drive does nothing.
            drive int not null default 1 check (drive > 0),
            attempts int not null default 0 check (attempts >= 0),
            -- Those of earlier drives: the schedule begins anew with each.
            spent int not null default 0 check (spent between 0 and attempts),
            error text check (length(error) <= 4000),
            error_code int,
            -- How the far side calls it, and what it has told of it since.
            provider_id text check (length(provider_id) between 1 and 256),
            receipt text check (receipt in ('sent', 'delivered', 'read', 'failed')),
            receipt_at timestamptz,
            idempotency_key text,
            payload_hash bytea check (octet_length(payload_hash) = 32),
            created_at timestamptz not null default clock_timestamp(),
            sent_at timestamptz,
            next_at timestamptz,
            delivered_at timestamptz,
            died_at timestamptz,
            check ((state = 'delivered') = (delivered_at is not null)),
            check ((state = 'dead') = (died_at is not null)),
            check (state <> 'dead' or error is not null),
            check ((receipt is null) = (receipt_at is null)),
            check ((idempotency_key is null) = (payload_hash is null))
        ) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
        create index messages_of_organization on messages (organization, id desc);
        create index messages_undelivered on messages (organization, id desc) where delivered_at is null;
        create unique index messages_idempotency on messages (organization, idempotency_key) where idempotency_key is not null;
        create index messages_by_provider on messages (provider_id) where provider_id is not null;

        -- One attempt. No foreign key: every insert would lock its message's row; pruning deletes both.
        create table deliveries (
            message_id uuid not null,
            number int not null check (number > 0),
            outcome text not null check (outcome in ('delivered', 'failed', 'lost', 'refused')),
            started_at timestamptz not null,
            latency_ms int not null check (latency_ms >= 0),
            request text check (octet_length(request) <= 65536),
            status int,
            response_headers text check (octet_length(response_headers) <= 65536),
            response_body text check (octet_length(response_body) <= 65536),
            error text check (length(error) <= 4000),
            primary key (message_id, number)
        );

        -- Registered by an organization, or (without a secret) remembered because a URL has failed.
        create table webhook_endpoints (
            id uuid primary key default gen_random_uuid(),
            organization text collate "C" not null check (organization ~ '^[A-Za-z0-9._:-]{1,128}$'),
            url text collate "C" not null check (length(url) between 1 and 2048),
            event_types text[] not null default '{}',
            secret text,
            -- Signs beside the secret until then, so that a receiver can change over.
            previous_secret text,
            previous_until timestamptz,
            closed_at timestamptz,
            closed_reason text,
            -- The circuit: failures in a row, how often it has opened since the last success, and until when nothing is sent.
            failures int not null default 0 check (failures >= 0),
            trips int not null default 0 check (trips >= 0),
            open_until timestamptz,
            created_at timestamptz not null default clock_timestamp(),
            unique (organization, url),
            check ((closed_at is null) = (closed_reason is null)),
            check ((previous_secret is null) = (previous_until is null)),
            check (secret is not null or (previous_secret is null and event_types = '{}'))
        ) with (fillfactor = 70);
        -- A channel that is silent for a while, because the far side has said something that holds for all of its messages.
        create table message_channels (
            channel text primary key,
            paused_until timestamptz not null,
            reason text not null check (length(reason) <= 4000),
            error_code int,
            since timestamptz not null default clock_timestamp()
        );
        create index webhook_endpoints_by_event on webhook_endpoints using gin (event_types) where secret is not null;
        """;

    private const string Transitions = """
        -- What may follow what; nothing else changes a message's state. A message that was delivered dies when the far side
        -- reports that it has failed after all; one that was given up is delivered when the far side reports so.
        create function messages_check_transition() returns trigger language plpgsql as $$
        begin
            if (old.state, new.state) not in (
                ('pending', 'sending'), ('pending', 'delivered'), ('pending', 'dead'),
                ('sending', 'pending'), ('sending', 'delivered'), ('sending', 'uncertain'), ('sending', 'dead'),
                ('uncertain', 'delivered'), ('uncertain', 'dead'), ('uncertain', 'pending'),
                ('delivered', 'dead'), ('dead', 'pending'), ('dead', 'delivered')) then
                raise exception 'message % cannot go from % to %', old.id, old.state, new.state using errcode = 'TD010';
            end if;
            return new;
        end $$;
        create trigger messages_check_transition before update of state on messages
        for each row when (old.state is distinct from new.state) execute function messages_check_transition();
        """;

    private const string Receive = """
        -- What the far side reports of messages, in any order and any number of times; answers those that it changed.
        -- A report never takes back a later one: sent < failed < delivered < read.
        create function messages_receive(in_ids uuid[], in_provider_ids text[], in_statuses text[], in_times timestamptz[], in_codes int[], in_errors text[])
        returns setof uuid language plpgsql as $$
        declare
            report record;
            message messages;
            ladder constant text[] := '{sent,failed,delivered,read}';
        begin
            -- Everyone takes messages in their order, so that no two wait for each other.
            for report in
                select coalesce(m.id, p.id) as id, r.* from unnest(in_ids, in_provider_ids, in_statuses, in_times, in_codes, in_errors) with ordinality
                    as r(message, provider, status, at, code, error, n)
                left join messages m on m.id = r.message
                left join lateral (select x.id from messages x where m.id is null and x.provider_id = r.provider limit 1) p on true
                where coalesce(m.id, p.id) is not null
                order by 1, r.n
            loop
                select * into message from messages where id = report.id for update;
                continue when message.provider_id is not null and report.provider is not null and message.provider_id <> report.provider;
                continue when coalesce(array_position(ladder, message.receipt), 0) >= array_position(ladder, report.status);
                update messages m set
                    receipt = report.status, receipt_at = report.at, provider_id = coalesce(m.provider_id, report.provider),
                    state = case when report.status = 'failed' then 'dead' else 'delivered' end,
                    delivered_at = case when report.status = 'failed' then null else coalesce(m.delivered_at, report.at) end,
                    died_at = case when report.status = 'failed' then coalesce(m.died_at, clock_timestamp()) end,
                    next_at = null,
                    error = case when report.status = 'failed' then coalesce(report.error, 'The far side reports that it failed.') end,
                    error_code = case when report.status = 'failed' then report.code end
                where m.id = report.id;
                return next report.id;
            end loop;
        end $$;
        """;
}
