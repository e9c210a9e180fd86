-- The whole schema, written by `App migrate --write-schema Migrations/schema.sql`. Do not edit: see docs/architecture.md.

set check_function_bodies = off;

-- Schema of background jobs, as Hangfire has it

create schema hangfire;

-- Sequences

create sequence hangfire.aggregatedcounter_id_seq;
create sequence hangfire.counter_id_seq;
create sequence hangfire.hash_id_seq;
create sequence hangfire.job_id_seq;
create sequence hangfire.jobparameter_id_seq;
create sequence hangfire.jobqueue_id_seq;
create sequence hangfire.list_id_seq;
create sequence hangfire.set_id_seq;
create sequence hangfire.state_id_seq;
create sequence jobs_announced;
create sequence jobs_announced_0;
create sequence jobs_announced_1;
create sequence jobs_announced_2;
create sequence jobs_announced_3;
create sequence jobs_announced_4;
create sequence jobs_announced_5;
create sequence jobs_announced_6;
create sequence jobs_announced_7;
create sequence jobs_announced_messages;

-- Tables, each with its indexes

create table "__EFMigrationsHistory" (
    "MigrationId" character varying(150) not null,
    "ProductVersion" character varying(32) not null,
    constraint "PK___EFMigrationsHistory" PRIMARY KEY ("MigrationId")
);

create table api_keys (
    id uuid not null,
    organization text not null,
    name text not null,
    hash bytea not null,
    scopes text[] not null,
    created_at timestamp with time zone not null default now(),
    revoked_at timestamp with time zone,
    constraint api_keys_hash_key UNIQUE (hash),
    constraint api_keys_pkey PRIMARY KEY (id),
    constraint api_keys_hash_check CHECK ((octet_length(hash) = 32)),
    constraint api_keys_organization_check CHECK ((organization ~ '^[A-Za-z0-9._:-]{1,128}$'::text)),
    constraint api_keys_scopes_check CHECK (((cardinality(scopes) > 0) AND (scopes <@ ARRAY['ingest'::text, 'read'::text, 'write'::text, 'admin'::text])))
);

create table buildings (
    key integer not null generated always as identity,
    organization text not null,
    building_id text not null,
    shard smallint not null,
    created_at timestamp with time zone not null default now(),
    constraint buildings_organization_building_id_key UNIQUE (organization, building_id),
    constraint buildings_pkey PRIMARY KEY (key)
);

create table catalog_items (
    organization text not null,
    sku text collate "C" not null,
    name text not null,
    stock integer not null,
    price_minor bigint not null,
    currency text not null,
    unsynced boolean not null default true,
    changed_at timestamp with time zone not null default clock_timestamp(),
    constraint catalog_items_pkey PRIMARY KEY (organization, sku),
    constraint catalog_items_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    constraint catalog_items_name_check CHECK (((length(name) >= 1) AND (length(name) <= 500))),
    constraint catalog_items_organization_check CHECK ((organization ~ '^[A-Za-z0-9._:-]{1,128}$'::text)),
    constraint catalog_items_price_minor_check CHECK (((price_minor >= 0) AND (price_minor <= '1000000000000'::bigint))),
    constraint catalog_items_sku_check CHECK (((length(sku) >= 1) AND (length(sku) <= 128))),
    constraint catalog_items_stock_check CHECK ((stock >= 0))
) with (fillfactor=70);
CREATE INDEX catalog_items_unsynced ON catalog_items USING btree (organization, sku) WHERE unsynced;

create table catalog_reports (
    organization text collate "C" not null,
    item text collate "C" not null,
    message_id uuid not null,
    error text,
    reported_at timestamp with time zone not null default clock_timestamp(),
    constraint catalog_reports_pkey PRIMARY KEY (organization, item),
    constraint catalog_reports_error_check CHECK ((length(error) <= 1000)),
    constraint catalog_reports_item_check CHECK (((length(item) >= 1) AND (length(item) <= 128))),
    constraint catalog_reports_organization_check CHECK ((organization ~ '^[A-Za-z0-9._:-]{1,128}$'::text))
) with (fillfactor=70);
CREATE INDEX catalog_reports_old ON catalog_reports USING btree (reported_at);

create table deliveries (
    message_id uuid not null,
    number integer not null,
    outcome text not null,
    started_at timestamp with time zone not null,
    latency_ms integer not null,
    request text,
    status integer,
    response_headers text,
    response_body text,
    error text,
    constraint deliveries_pkey PRIMARY KEY (message_id, number),
    constraint deliveries_error_check CHECK ((length(error) <= 4000)),
    constraint deliveries_latency_ms_check CHECK ((latency_ms >= 0)),
    constraint deliveries_number_check CHECK ((number > 0)),
    constraint deliveries_outcome_check CHECK ((outcome = ANY (ARRAY['delivered'::text, 'failed'::text, 'lost'::text, 'refused'::text]))),
    constraint deliveries_request_check CHECK ((octet_length(request) <= 65536)),
    constraint deliveries_response_body_check CHECK ((octet_length(response_body) <= 65536)),
    constraint deliveries_response_headers_check CHECK ((octet_length(response_headers) <= 65536))
);

create table hangfire.aggregatedcounter (
    id bigint not null default nextval('hangfire.aggregatedcounter_id_seq'::regclass),
    key text not null,
    value bigint not null,
    expireat timestamp with time zone,
    constraint aggregatedcounter_key_key UNIQUE (key),
    constraint aggregatedcounter_pkey PRIMARY KEY (id)
);

create table hangfire.counter (
    id bigint not null default nextval('hangfire.counter_id_seq'::regclass),
    key text not null,
    value bigint not null,
    expireat timestamp with time zone,
    constraint counter_pkey PRIMARY KEY (id)
);
CREATE INDEX ix_hangfire_counter_expireat ON hangfire.counter USING btree (expireat);
CREATE INDEX ix_hangfire_counter_key ON hangfire.counter USING btree (key);

create table hangfire.hash (
    id bigint not null default nextval('hangfire.hash_id_seq'::regclass),
    key text not null,
    field text not null,
    value text,
    expireat timestamp with time zone,
    updatecount integer not null default 0,
    constraint hash_key_field_key UNIQUE (key, field),
    constraint hash_pkey PRIMARY KEY (id)
);
CREATE INDEX ix_hangfire_hash_expireat ON hangfire.hash USING btree (expireat);

create table hangfire.job (
    id bigint not null default nextval('hangfire.job_id_seq'::regclass),
    stateid bigint,
    statename text,
    invocationdata jsonb not null,
    arguments jsonb not null,
    createdat timestamp with time zone not null,
    expireat timestamp with time zone,
    updatecount integer not null default 0,
    constraint job_pkey PRIMARY KEY (id)
);
CREATE INDEX ix_hangfire_job_expireat ON hangfire.job USING btree (expireat);
CREATE INDEX ix_hangfire_job_statename ON hangfire.job USING btree (statename);
CREATE INDEX ix_hangfire_job_statename_is_not_null ON hangfire.job USING btree (statename) INCLUDE (id) WHERE (statename IS NOT NULL);

create table hangfire.jobparameter (
    id bigint not null default nextval('hangfire.jobparameter_id_seq'::regclass),
    jobid bigint not null,
    name text not null,
    value text,
    updatecount integer not null default 0,
    constraint jobparameter_pkey PRIMARY KEY (id)
);
CREATE INDEX ix_hangfire_jobparameter_jobidandname ON hangfire.jobparameter USING btree (jobid, name);

create table hangfire.jobqueue (
    id bigint not null default nextval('hangfire.jobqueue_id_seq'::regclass),
    jobid bigint not null,
    queue text not null,
    fetchedat timestamp with time zone,
    updatecount integer not null default 0,
    constraint jobqueue_pkey PRIMARY KEY (id)
);
CREATE INDEX ix_hangfire_jobqueue_fetchedat_queue_jobid ON hangfire.jobqueue USING btree (fetchedat NULLS FIRST, queue, jobid);
CREATE INDEX ix_hangfire_jobqueue_jobidandqueue ON hangfire.jobqueue USING btree (jobid, queue);
CREATE INDEX ix_hangfire_jobqueue_queueandfetchedat ON hangfire.jobqueue USING btree (queue, fetchedat);

create table hangfire.list (
    id bigint not null default nextval('hangfire.list_id_seq'::regclass),
    key text not null,
    value text,
    expireat timestamp with time zone,
    updatecount integer not null default 0,
    constraint list_pkey PRIMARY KEY (id)
);
CREATE INDEX ix_hangfire_list_expireat ON hangfire.list USING btree (expireat);

create table hangfire.lock (
    resource text not null,
    updatecount integer not null default 0,
    acquired timestamp with time zone,
    constraint lock_resource_key UNIQUE (resource)
);

create table hangfire.schema (
    version integer not null,
    constraint schema_pkey PRIMARY KEY (version)
);

create table hangfire.server (
    id text not null,
    data jsonb,
    lastheartbeat timestamp with time zone not null,
    updatecount integer not null default 0,
    constraint server_pkey PRIMARY KEY (id)
);

create table hangfire.set (
    id bigint not null default nextval('hangfire.set_id_seq'::regclass),
    key text not null,
    score double precision not null,
    value text not null,
    expireat timestamp with time zone,
    updatecount integer not null default 0,
    constraint set_key_value_key UNIQUE (key, value),
    constraint set_pkey PRIMARY KEY (id)
);
CREATE INDEX ix_hangfire_set_expireat ON hangfire.set USING btree (expireat);
CREATE INDEX ix_hangfire_set_key_score ON hangfire.set USING btree (key, score);

create table hangfire.state (
    id bigint not null default nextval('hangfire.state_id_seq'::regclass),
    jobid bigint not null,
    name text not null,
    reason text,
    createdat timestamp with time zone not null,
    data jsonb,
    updatecount integer not null default 0,
    constraint state_pkey PRIMARY KEY (id)
);
CREATE INDEX ix_hangfire_state_jobid ON hangfire.state USING btree (jobid);

create table inbound_messages (
    id bigint not null generated always as identity,
    organization text not null,
    channel text not null,
    external_id text not null,
    sender text not null,
    sender_name text,
    recipient text not null,
    type text not null,
    text text,
    raw json not null,
    sent_at timestamp with time zone,
    received_at timestamp with time zone not null default clock_timestamp(),
    constraint inbound_messages_channel_external_id_key UNIQUE (channel, external_id),
    constraint inbound_messages_pkey PRIMARY KEY (id),
    constraint inbound_messages_organization_check CHECK ((organization ~ '^[A-Za-z0-9._:-]{1,128}$'::text))
);
CREATE INDEX inbound_messages_by_sender ON inbound_messages USING btree (organization, sender, id DESC);

create table job_done (
    id bigint not null,
    queue text collate "C" not null,
    kind text collate "C" not null,
    organization text collate "C" not null,
    priority smallint not null,
    attempt integer not null,
    max_attempts integer not null,
    args text not null,
    created_at timestamp with time zone not null,
    started_at timestamp with time zone not null,
    finished_at timestamp with time zone not null default clock_timestamp(),
    worker bigint not null,
    result text,
    errors jsonb,
    constraint job_done_result_check CHECK ((octet_length(result) <= 65536))
) partition by RANGE (finished_at);
CREATE INDEX job_done_id ON job_done USING btree (id);
create table job_done_rest partition of job_done default;

create table job_holds (
    key text collate "C" not null,
    job_id bigint not null,
    constraint job_holds_pkey PRIMARY KEY (key, job_id)
);
CREATE INDEX job_holds_job ON job_holds USING btree (job_id);

create table job_log (
    job_id bigint not null,
    at timestamp with time zone not null default clock_timestamp(),
    attempt integer not null,
    line text not null,
    constraint job_log_line_check CHECK ((length(line) <= 2000))
);
CREATE INDEX job_log_at ON job_log USING brin (at);
CREATE INDEX job_log_job ON job_log USING btree (job_id, at);

create table job_minutes (
    at timestamp with time zone not null,
    kind text collate "C" not null,
    outcome text collate "C" not null,
    attempts bigint not null,
    seconds double precision not null,
    constraint job_minutes_pkey PRIMARY KEY (at, kind, outcome)
) with (fillfactor=70);

create table job_queues (
    name text collate "C" not null,
    paused_at timestamp with time zone,
    constraint job_queues_pkey PRIMARY KEY (name)
);

create table job_rates (
    key text collate "C" not null,
    free_at timestamp with time zone not null,
    next_at timestamp with time zone not null,
    constraint job_rates_pkey PRIMARY KEY (key)
) with (fillfactor=50);

create table job_uniques (
    key text collate "C" not null,
    job_id bigint not null,
    expires_at timestamp with time zone,
    constraint job_uniques_pkey PRIMARY KEY (key)
);
CREATE INDEX job_uniques_job ON job_uniques USING btree (job_id);

create table job_workers (
    id bigint not null generated always as identity,
    process text not null,
    concurrency integer not null,
    started_at timestamp with time zone not null default clock_timestamp(),
    lease_expires_at timestamp with time zone not null,
    beat_at timestamp with time zone not null default clock_timestamp(),
    constraint job_workers_pkey PRIMARY KEY (id),
    constraint job_workers_concurrency_check CHECK ((concurrency > 0))
) with (fillfactor=50);

create table jobs (
    id bigint not null generated always as identity,
    queue text collate "C" not null,
    kind text collate "C" not null,
    organization text collate "C" not null,
    state text collate "C" not null,
    priority smallint not null,
    rank smallint not null,
    attempt integer not null default 0,
    max_attempts integer not null,
    claims integer not null default 0,
    args text not null,
    created_at timestamp with time zone not null default clock_timestamp(),
    run_at timestamp with time zone,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    worker bigint,
    ahead boolean not null default false,
    suspect boolean not null default false,
    crashes smallint not null default 0,
    cancel_requested boolean not null default false,
    unique_key text collate "C",
    order_key text collate "C",
    limits jsonb,
    paced boolean not null default false,
    waits_for text collate "C",
    progress real,
    progress_text text,
    errors jsonb,
    order_width smallint,
    constraint jobs_pkey PRIMARY KEY (id),
    constraint jobs_args_check CHECK ((octet_length(args) <= 262144)),
    constraint jobs_attempt_check CHECK ((attempt >= 0)),
    constraint jobs_check CHECK (((state = 'running'::text) = (worker IS NOT NULL))),
    constraint jobs_check1 CHECK (((state <> 'scheduled'::text) OR (run_at IS NOT NULL))),
    constraint jobs_check2 CHECK (((state = 'waiting'::text) = (waits_for IS NOT NULL))),
    constraint jobs_check3 CHECK (((state = ANY (ARRAY['cancelled'::text, 'dead'::text])) = (finished_at IS NOT NULL))),
    constraint jobs_kind_check CHECK (((length(kind) >= 1) AND (length(kind) <= 128))),
    constraint jobs_max_attempts_check CHECK ((max_attempts > 0)),
    constraint jobs_organization_check CHECK ((length(organization) <= 128)),
    constraint jobs_priority_check CHECK (((priority >= '-1000'::integer) AND (priority <= 1000))),
    constraint jobs_progress_check CHECK (((progress >= (0)::double precision) AND (progress <= (1)::double precision))),
    constraint jobs_queue_check CHECK (((length(queue) >= 1) AND (length(queue) <= 128))),
    constraint jobs_state_check CHECK ((state = ANY (ARRAY['scheduled'::text, 'queued'::text, 'waiting'::text, 'running'::text, 'cancelled'::text, 'dead'::text])))
) with (fillfactor=85, autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=20000, autovacuum_analyze_scale_factor=0, autovacuum_analyze_threshold=50000, autovacuum_vacuum_cost_delay=0);
CREATE INDEX jobs_ended ON jobs USING btree (finished_at, id) WHERE (finished_at IS NOT NULL);
CREATE INDEX jobs_held ON jobs USING btree (worker) WHERE (worker IS NOT NULL);
CREATE INDEX jobs_in_line ON jobs USING btree (queue, organization, kind, rank, id) WHERE (state = 'queued'::text);
CREATE INDEX jobs_ordered ON jobs USING btree (order_key, id) WHERE ((order_key IS NOT NULL) AND (finished_at IS NULL));
CREATE INDEX jobs_ordered_running ON jobs USING btree (order_key) WHERE ((state = 'running'::text) AND (order_key IS NOT NULL));
CREATE INDEX jobs_scheduled ON jobs USING btree (run_at) WHERE (state = 'scheduled'::text);
CREATE INDEX jobs_suspects ON jobs USING btree (id) WHERE suspect;
CREATE INDEX jobs_waiting ON jobs USING btree (waits_for, rank, id) WHERE (state = 'waiting'::text);

create table leases (
    name text not null,
    owner text not null,
    epoch bigint not null,
    expires_at timestamp with time zone not null,
    constraint leases_pkey PRIMARY KEY (name),
    constraint leases_epoch_check CHECK ((epoch > 0))
) with (fillfactor=50);

create table live_tickets (
    ticket bytea not null,
    organization text not null,
    expires_at timestamp with time zone not null,
    constraint live_tickets_pkey PRIMARY KEY (ticket),
    constraint live_tickets_ticket_check CHECK ((octet_length(ticket) = 32))
);
CREATE INDEX live_tickets_by_end ON live_tickets USING btree (expires_at);

create table llm_usage (
    organization text not null,
    month date not null,
    provider text not null,
    model text not null,
    requests bigint not null,
    input_tokens bigint not null,
    output_tokens bigint not null,
    constraint llm_usage_pkey PRIMARY KEY (organization, month, provider, model),
    constraint llm_usage_input_tokens_check CHECK ((input_tokens >= 0)),
    constraint llm_usage_month_check CHECK ((EXTRACT(day FROM month) = (1)::numeric)),
    constraint llm_usage_output_tokens_check CHECK ((output_tokens >= 0)),
    constraint llm_usage_requests_check CHECK ((requests >= 0))
) with (fillfactor=70);

create table message_channels (
    channel text not null,
    paused_until timestamp with time zone not null,
    reason text not null,
    error_code integer,
    since timestamp with time zone not null default clock_timestamp(),
    constraint message_channels_pkey PRIMARY KEY (channel),
    constraint message_channels_reason_check CHECK ((length(reason) <= 4000))
);

create table messages (
    id uuid not null,
    organization text collate "C" not null,
    channel text collate "C" not null,
    recipient text collate "C" not null,
    event_type text,
    body json not null,
    state text collate "C" not null default 'pending'::text,
    drive integer not null default 1,
    attempts integer not null default 0,
    spent integer not null default 0,
    error text,
    error_code integer,
    provider_id text,
    receipt text,
    receipt_at timestamp with time zone,
    idempotency_key text,
    payload_hash bytea,
    created_at timestamp with time zone not null default clock_timestamp(),
    sent_at timestamp with time zone,
    next_at timestamp with time zone,
    delivered_at timestamp with time zone,
    died_at timestamp with time zone,
    latency_ms integer,
    request text,
    status integer,
    response_headers text,
    response_body text,
    order_key text collate "C",
    constraint messages_pkey PRIMARY KEY (id),
    constraint messages_attempts_check CHECK ((attempts >= 0)),
    constraint messages_body_check CHECK ((octet_length((body)::text) <= 262144)),
    constraint messages_channel_check CHECK ((channel = ANY (ARRAY['whatsapp'::text, 'webhook'::text, 'catalog'::text, 'email'::text]))),
    constraint messages_check CHECK (((spent >= 0) AND (spent <= attempts))),
    constraint messages_check1 CHECK (((state = 'delivered'::text) = (delivered_at IS NOT NULL))),
    constraint messages_check2 CHECK (((state = 'dead'::text) = (died_at IS NOT NULL))),
    constraint messages_check3 CHECK (((state <> 'dead'::text) OR (error IS NOT NULL))),
    constraint messages_check4 CHECK (((receipt IS NULL) = (receipt_at IS NULL))),
    constraint messages_check5 CHECK (((idempotency_key IS NULL) = (payload_hash IS NULL))),
    constraint messages_drive_check CHECK ((drive > 0)),
    constraint messages_error_check CHECK ((length(error) <= 4000)),
    constraint messages_event_type_check CHECK (((length(event_type) >= 1) AND (length(event_type) <= 128))),
    constraint messages_order_key_check CHECK (((length(order_key) >= 1) AND (length(order_key) <= 128))),
    constraint messages_organization_check CHECK ((organization ~ '^[A-Za-z0-9._:-]{1,128}$'::text)),
    constraint messages_payload_hash_check CHECK ((octet_length(payload_hash) = 32)),
    constraint messages_provider_id_check CHECK (((length(provider_id) >= 1) AND (length(provider_id) <= 256))),
    constraint messages_receipt_check CHECK ((receipt = ANY (ARRAY['sent'::text, 'delivered'::text, 'read'::text, 'failed'::text]))),
    constraint messages_recipient_check CHECK (((length(recipient) >= 1) AND (length(recipient) <= 2048))),
    constraint messages_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'sending'::text, 'delivered'::text, 'uncertain'::text, 'dead'::text])))
) with (fillfactor=80, autovacuum_vacuum_scale_factor=0.05, autovacuum_vacuum_cost_delay=0);
CREATE INDEX messages_by_provider ON messages USING btree (provider_id) WHERE (provider_id IS NOT NULL);
CREATE UNIQUE INDEX messages_idempotency ON messages USING btree (organization, idempotency_key) WHERE (idempotency_key IS NOT NULL);
CREATE INDEX messages_of_organization ON messages USING btree (organization, id DESC);
CREATE INDEX messages_undelivered ON messages USING btree (organization, id DESC) WHERE (delivered_at IS NULL);

create table meters (
    key integer not null generated always as identity,
    building_key integer not null,
    meter text not null,
    net_negative boolean not null default false,
    last_reading_at timestamp with time zone,
    constraint meters_building_key_meter_key UNIQUE (building_key, meter),
    constraint meters_pkey PRIMARY KEY (key)
) with (fillfactor=80);

create table model_shadow_disagreements (
    shadow_id integer not null,
    active_says text not null,
    candidate_says text not null,
    count bigint not null,
    constraint model_shadow_disagreements_pkey PRIMARY KEY (shadow_id, active_says, candidate_says)
);

create table model_shadows (
    id integer not null generated always as identity,
    name text not null,
    candidate_id integer not null,
    active_id integer not null,
    started_at timestamp with time zone not null default now(),
    ended_at timestamp with time zone,
    compared bigint not null default 0,
    agreed bigint not null default 0,
    failed bigint not null default 0,
    candidate_seconds double precision not null default 0,
    active_seconds double precision not null default 0,
    compared_at timestamp with time zone,
    fault text,
    constraint model_shadows_pkey PRIMARY KEY (id),
    constraint model_shadows_check CHECK ((candidate_id <> active_id)),
    constraint model_shadows_check1 CHECK ((((agreed >= 0) AND (agreed <= compared)) AND (failed >= 0)))
);
CREATE INDEX model_shadows_of_candidate ON model_shadows USING btree (candidate_id, id DESC);
CREATE UNIQUE INDEX model_shadows_one_running ON model_shadows USING btree (name) WHERE (ended_at IS NULL);

create table model_versions (
    id integer not null generated always as identity,
    name text not null,
    version integer not null,
    sha256 text not null,
    spec jsonb not null,
    artifact bytea,
    artifact_url text,
    state text not null,
    created_at timestamp with time zone not null default now(),
    activated_at timestamp with time zone,
    constraint model_versions_name_version_key UNIQUE (name, version),
    constraint model_versions_pkey PRIMARY KEY (id),
    constraint model_versions_check CHECK (((artifact IS NOT NULL) OR (artifact_url IS NOT NULL))),
    constraint model_versions_name_check CHECK ((name ~ '^[a-z][a-z0-9-]{0,63}$'::text)),
    constraint model_versions_sha256_check CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text)),
    constraint model_versions_state_check CHECK ((state = ANY (ARRAY['candidate'::text, 'active'::text, 'retired'::text]))),
    constraint model_versions_version_check CHECK ((version > 0))
);
alter table model_versions alter column artifact set storage external;
CREATE UNIQUE INDEX model_versions_one_active ON model_versions USING btree (name) WHERE (state = 'active'::text);

create table payment_refunds (
    payment_id bigint not null,
    refund_reference text not null,
    amount_minor bigint not null,
    status text not null,
    created_at timestamp with time zone not null default clock_timestamp(),
    constraint payment_refunds_pkey PRIMARY KEY (payment_id, refund_reference),
    constraint payment_refunds_amount_minor_check CHECK ((amount_minor >= 0)),
    constraint payment_refunds_refund_reference_check CHECK (((length(refund_reference) >= 1) AND (length(refund_reference) <= 200))),
    constraint payment_refunds_status_check CHECK ((status = ANY (ARRAY['failed'::text, 'processed'::text])))
);

create table payments (
    id bigint not null generated always as identity,
    organization text not null,
    provider text not null,
    provider_reference text not null,
    reference text not null,
    reservation_id uuid,
    amount_minor bigint not null,
    currency text not null,
    status text not null default 'pending'::text,
    refunded_minor bigint not null default 0,
    needs_refund boolean not null default false,
    refund_reason text,
    created_at timestamp with time zone not null default clock_timestamp(),
    updated_at timestamp with time zone not null default clock_timestamp(),
    constraint payments_provider_provider_reference_key UNIQUE (provider, provider_reference),
    constraint payments_pkey PRIMARY KEY (id),
    constraint payments_amount_minor_check CHECK ((amount_minor >= 0)),
    constraint payments_check CHECK (((NOT needs_refund) OR ((refund_reason IS NOT NULL) AND (status = 'succeeded'::text)))),
    constraint payments_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    constraint payments_provider_reference_check CHECK (((length(provider_reference) >= 1) AND (length(provider_reference) <= 200))),
    constraint payments_refunded_minor_check CHECK ((refunded_minor >= 0)),
    constraint payments_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'failed'::text, 'succeeded'::text, 'refunded'::text])))
);
CREATE INDEX payments_by_reference ON payments USING btree (provider, reference);
CREATE INDEX payments_of_organization ON payments USING btree (organization, id DESC);
CREATE UNIQUE INDEX payments_one_a_reservation ON payments USING btree (reservation_id) WHERE ((status = 'succeeded'::text) AND (NOT needs_refund));
CREATE INDEX payments_that_need_refund ON payments USING btree (organization, id DESC) WHERE needs_refund;

create table predictions (
    building_key integer not null,
    ts timestamp with time zone not null,
    mains real not null,
    watts real[] not null,
    on_bits integer not null,
    final boolean not null,
    model_version_id integer not null,
    constraint predictions_pkey PRIMARY KEY (building_key, ts)
) with (fillfactor=90);

create table reading_blocks (
    meter_key integer not null,
    starts_at timestamp with time zone not null,
    ends_at timestamp with time zone not null,
    readings integer not null,
    data bytea not null,
    constraint reading_blocks_pkey PRIMARY KEY (meter_key, starts_at),
    constraint reading_blocks_check CHECK ((starts_at <= ends_at)),
    constraint reading_blocks_readings_check CHECK ((readings > 0))
);
alter table reading_blocks alter column data set storage external;

create table reservations (
    id uuid not null,
    organization text not null,
    sku text collate "C" not null,
    quantity integer not null,
    reference text not null,
    status text not null default 'held'::text,
    amount_minor bigint not null,
    currency text not null,
    created_at timestamp with time zone not null default clock_timestamp(),
    expires_at timestamp with time zone not null,
    ended_at timestamp with time zone,
    constraint reservations_organization_reference_key UNIQUE (organization, reference),
    constraint reservations_pkey PRIMARY KEY (id),
    constraint reservations_amount_minor_check CHECK ((amount_minor >= 0)),
    constraint reservations_check CHECK (((status = 'held'::text) = (ended_at IS NULL))),
    constraint reservations_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    constraint reservations_quantity_check CHECK (((quantity >= 1) AND (quantity <= 1000000))),
    constraint reservations_reference_check CHECK (((length(reference) >= 1) AND (length(reference) <= 128))),
    constraint reservations_status_check CHECK ((status = ANY (ARRAY['held'::text, 'confirmed'::text, 'released'::text, 'expired'::text])))
) with (fillfactor=70);
CREATE INDEX reservations_by_reference ON reservations USING btree (reference);
CREATE INDEX reservations_of_organization ON reservations USING btree (organization, id DESC);

create table run_attempts (
    run_id uuid not null,
    step text not null,
    number integer not null,
    status text not null,
    worker text not null,
    error text,
    started_at timestamp with time zone not null default clock_timestamp(),
    ended_at timestamp with time zone,
    constraint run_attempts_pkey PRIMARY KEY (run_id, step, number),
    constraint run_attempts_check CHECK (((status = ANY (ARRAY['running'::text, 'waiting'::text])) = (ended_at IS NULL))),
    constraint run_attempts_check1 CHECK (((status <> 'failed'::text) OR (error IS NOT NULL))),
    constraint run_attempts_number_check CHECK ((number > 0)),
    constraint run_attempts_status_check CHECK ((status = ANY (ARRAY['running'::text, 'waiting'::text, 'succeeded'::text, 'failed'::text, 'interrupted'::text, 'cancelled'::text])))
) with (fillfactor=70);
CREATE UNIQUE INDEX run_attempts_one_open ON run_attempts USING btree (run_id, step) WHERE (status = ANY (ARRAY['running'::text, 'waiting'::text]));

create table run_events (
    run_id uuid not null,
    id integer not null,
    step text,
    status text not null,
    attempt integer,
    at timestamp with time zone not null default clock_timestamp(),
    constraint run_events_pkey PRIMARY KEY (run_id, id),
    constraint run_events_id_check CHECK ((id > 0))
);

create table run_steps (
    run_id uuid not null,
    name text not null,
    "position" integer not null,
    handler text not null,
    input json not null,
    depends_on text[] not null,
    timeout_ms integer not null,
    max_attempts integer not null,
    continue_on_error boolean not null,
    status text not null default 'pending'::text,
    output json,
    error text,
    activation integer not null default 0,
    job_id bigint,
    job_attempt integer not null default 0,
    wake_at timestamp with time zone,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    constraint run_steps_run_id_position_key UNIQUE (run_id, "position"),
    constraint run_steps_pkey PRIMARY KEY (run_id, name),
    constraint run_steps_activation_check CHECK ((activation >= 0)),
    constraint run_steps_check CHECK (((status = ANY (ARRAY['succeeded'::text, 'failed'::text, 'skipped'::text, 'cancelled'::text])) = (ended_at IS NOT NULL))),
    constraint run_steps_check1 CHECK (((status = 'succeeded'::text) = (output IS NOT NULL))),
    constraint run_steps_check2 CHECK (((status <> 'failed'::text) OR (error IS NOT NULL))),
    constraint run_steps_check3 CHECK (((status = ANY (ARRAY['ready'::text, 'running'::text, 'waiting'::text])) <= (activation > 0))),
    constraint run_steps_max_attempts_check CHECK ((max_attempts > 0)),
    constraint run_steps_name_check CHECK ((name ~ '^[A-Za-z0-9._:-]{1,128}$'::text)),
    constraint run_steps_position_check CHECK (("position" >= 0)),
    constraint run_steps_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'ready'::text, 'running'::text, 'waiting'::text, 'succeeded'::text, 'failed'::text, 'skipped'::text, 'cancelled'::text]))),
    constraint run_steps_timeout_ms_check CHECK ((timeout_ms > 0))
) with (fillfactor=70);
CREATE INDEX run_steps_under_way ON run_steps USING btree (job_id) WHERE (status = ANY (ARRAY['ready'::text, 'running'::text, 'waiting'::text]));

create table runs (
    id uuid not null,
    organization text not null,
    goal text not null,
    priority integer not null,
    status text not null,
    failed_step text,
    error text,
    last_event integer not null default 0,
    idempotency_key text,
    payload_hash bytea,
    created_at timestamp with time zone not null default clock_timestamp(),
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    constraint runs_pkey PRIMARY KEY (id),
    constraint runs_check CHECK (((status = ANY (ARRAY['succeeded'::text, 'failed'::text, 'cancelled'::text])) = (ended_at IS NOT NULL))),
    constraint runs_check1 CHECK (((status = 'failed'::text) = (error IS NOT NULL))),
    constraint runs_check2 CHECK (((idempotency_key IS NULL) = (payload_hash IS NULL))),
    constraint runs_organization_check CHECK ((organization ~ '^[A-Za-z0-9._:-]{1,128}$'::text)),
    constraint runs_payload_hash_check CHECK ((octet_length(payload_hash) = 32)),
    constraint runs_priority_check CHECK (((priority >= '-1000'::integer) AND (priority <= 1000))),
    constraint runs_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'running'::text, 'succeeded'::text, 'failed'::text, 'cancelled'::text])))
) with (fillfactor=70);
CREATE INDEX runs_active ON runs USING btree (status, created_at) WHERE (ended_at IS NULL);
CREATE INDEX runs_by_status ON runs USING btree (organization, status, id DESC);
CREATE INDEX runs_ended ON runs USING btree (ended_at) WHERE (ended_at IS NOT NULL);
CREATE UNIQUE INDEX runs_idempotency ON runs USING btree (organization, idempotency_key) WHERE (idempotency_key IS NOT NULL);
CREATE INDEX runs_of_organization ON runs USING btree (organization, id DESC);

create table schedule_fires (
    id bigint not null generated always as identity,
    key text collate "C" not null,
    scheduled_for timestamp with time zone not null,
    reason text not null,
    fired_at timestamp with time zone not null default clock_timestamp(),
    job_id bigint,
    status text not null default 'pending'::text,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    error text,
    background_job_id bigint,
    constraint schedule_fires_key_scheduled_for_key UNIQUE (key, scheduled_for),
    constraint schedule_fires_pkey PRIMARY KEY (id),
    constraint schedule_fires_background_check CHECK (((status <> 'skipped'::text) OR (background_job_id IS NULL))),
    constraint schedule_fires_reason_check CHECK ((reason = ANY (ARRAY['planned'::text, 'missed'::text, 'manual'::text, 'initial'::text]))),
    constraint schedule_fires_status_check CHECK (((status = ANY (ARRAY['pending'::text, 'running'::text, 'succeeded'::text, 'failed'::text, 'cancelled'::text, 'skipped'::text])) AND ((status <> 'skipped'::text) OR (job_id IS NULL))))
);
CREATE INDEX schedule_fires_by_key ON schedule_fires USING btree (key, id);
CREATE INDEX schedule_fires_open ON schedule_fires USING btree (id) WHERE (status <> ALL (ARRAY['succeeded'::text, 'skipped'::text]));

create table schedule_versions (
    fingerprint text not null,
    declared_at timestamp with time zone not null,
    constraint schedule_versions_pkey PRIMARY KEY (fingerprint)
);

create table schedule_workers (
    process text not null,
    fingerprint text not null,
    build text not null,
    runs_initially boolean not null,
    expires_at timestamp with time zone not null,
    constraint schedule_workers_pkey PRIMARY KEY (process)
);

create table schedules (
    key text collate "C" not null,
    cron text not null,
    time_zone text not null,
    description text not null,
    job_kind text not null,
    job_args text not null,
    missed text not null,
    declared boolean not null,
    paused boolean not null default false,
    planned_through timestamp with time zone not null,
    overlap text not null default 'skip'::text,
    constraint schedules_pkey PRIMARY KEY (key),
    constraint schedules_key_check CHECK ((key ~ '^[a-z0-9._-]{1,64}$'::text)),
    constraint schedules_missed_check CHECK ((missed = ANY (ARRAY['catchUpOnce'::text, 'skip'::text]))),
    constraint schedules_overlap_check CHECK ((overlap = ANY (ARRAY['skip'::text, 'queue'::text])))
);

create table schema_functions (
    name text not null,
    hash text not null,
    applied_at timestamp with time zone not null default clock_timestamp(),
    constraint schema_functions_pkey PRIMARY KEY (name)
);

create table schema_versions (
    fingerprint text not null,
    applied_at timestamp with time zone not null default clock_timestamp(),
    constraint schema_versions_pkey PRIMARY KEY (fingerprint)
);

create table stream_dead_entries (
    id bigint not null generated always as identity,
    stream text not null,
    consumer_group text not null,
    shard smallint not null,
    entry_offset bigint not null,
    payload bytea not null,
    error text not null,
    attempts integer not null,
    state text not null default 'dead'::text,
    set_aside_at timestamp with time zone not null default now(),
    constraint stream_dead_entries_stream_consumer_group_shard_entry_offse_key UNIQUE (stream, consumer_group, shard, entry_offset),
    constraint stream_dead_entries_pkey PRIMARY KEY (id),
    constraint stream_dead_entries_state_check CHECK ((state = ANY (ARRAY['dead'::text, 'redriving'::text, 'done'::text])))
);

create table stream_entries (
    stream text not null,
    shard smallint not null,
    entry_offset bigint not null,
    appended_at timestamp with time zone not null default now(),
    payload bytea not null,
    traceparent text default NULLIF(current_setting('tandem.traceparent'::text, true), ''::text),
    constraint stream_entries_pkey PRIMARY KEY (stream, shard, entry_offset, appended_at)
) partition by RANGE (appended_at);
alter table stream_entries alter column payload set storage external;
create table stream_entries_default partition of stream_entries default;

create table stream_members (
    stream text not null,
    consumer_group text not null,
    member text not null,
    expires_at timestamp with time zone not null,
    constraint stream_members_pkey PRIMARY KEY (stream, consumer_group, member)
);

create table stream_offsets (
    stream text not null,
    consumer_group text not null,
    shard smallint not null,
    committed bigint not null default 0,
    owner text,
    epoch bigint not null default 0,
    lease_expires_at timestamp with time zone,
    crashes integer not null default 0,
    crashes_in_hand integer not null default 0,
    in_hand bigint not null default 0,
    constraint stream_offsets_pkey PRIMARY KEY (stream, consumer_group, shard),
    constraint stream_offsets_check CHECK (((owner IS NULL) = (lease_expires_at IS NULL))),
    constraint stream_offsets_check1 CHECK (((crashes_in_hand >= 0) AND (crashes_in_hand <= crashes))),
    constraint stream_offsets_committed_check CHECK ((committed >= 0))
) with (fillfactor=20);

create table stream_shards (
    stream text not null,
    shard smallint not null,
    head bigint not null default 0,
    constraint stream_shards_pkey PRIMARY KEY (stream, shard),
    constraint stream_shards_shard_check CHECK ((shard >= 0))
) with (fillfactor=20);

create table webhook_endpoints (
    id uuid not null default gen_random_uuid(),
    organization text collate "C" not null,
    url text collate "C" not null,
    event_types text[] not null default '{}'::text[],
    secret text,
    previous_secret text,
    previous_until timestamp with time zone,
    closed_at timestamp with time zone,
    closed_reason text,
    failures integer not null default 0,
    trips integer not null default 0,
    open_until timestamp with time zone,
    created_at timestamp with time zone not null default clock_timestamp(),
    concurrency smallint not null default 16,
    ordered boolean not null default false,
    probed_at timestamp with time zone,
    traceparent boolean not null default false,
    constraint webhook_endpoints_organization_url_key UNIQUE (organization, url),
    constraint webhook_endpoints_pkey PRIMARY KEY (id),
    constraint webhook_endpoints_check CHECK (((closed_at IS NULL) = (closed_reason IS NULL))),
    constraint webhook_endpoints_check1 CHECK (((previous_secret IS NULL) = (previous_until IS NULL))),
    constraint webhook_endpoints_check2 CHECK (((secret IS NOT NULL) OR ((previous_secret IS NULL) AND (event_types = '{}'::text[])))),
    constraint webhook_endpoints_concurrency_check CHECK (((concurrency >= 1) AND (concurrency <= 64))),
    constraint webhook_endpoints_failures_check CHECK ((failures >= 0)),
    constraint webhook_endpoints_organization_check CHECK ((organization ~ '^[A-Za-z0-9._:-]{1,128}$'::text)),
    constraint webhook_endpoints_trips_check CHECK ((trips >= 0)),
    constraint webhook_endpoints_url_check CHECK (((length(url) >= 1) AND (length(url) <= 2048)))
) with (fillfactor=70);
CREATE INDEX webhook_endpoints_by_event ON webhook_endpoints USING gin (event_types) WHERE (secret IS NOT NULL);
CREATE INDEX webhook_endpoints_failing ON webhook_endpoints USING btree (id) WHERE (failures > 0);
CREATE INDEX webhook_endpoints_open ON webhook_endpoints USING btree (open_until) WHERE (open_until IS NOT NULL);
CREATE INDEX webhook_endpoints_settings ON webhook_endpoints USING btree (organization) WHERE (ordered OR traceparent OR (concurrency <> 16));

create table webhook_events (
    id bigint not null generated always as identity,
    provider text not null,
    dedupe_key text not null,
    type text not null,
    state text not null,
    body bytea not null,
    headers json not null,
    repeats integer not null default 0,
    attempts integer not null default 0,
    outcome text,
    error text,
    received_at timestamp with time zone not null default clock_timestamp(),
    processed_at timestamp with time zone,
    constraint webhook_events_provider_dedupe_key_key UNIQUE (provider, dedupe_key),
    constraint webhook_events_pkey PRIMARY KEY (id),
    constraint webhook_events_body_check CHECK ((octet_length(body) <= 1048576)),
    constraint webhook_events_check CHECK (((state <> ALL (ARRAY['failed'::text, 'unreadable'::text])) OR (error IS NOT NULL))),
    constraint webhook_events_check1 CHECK (((state <> 'processed'::text) OR (processed_at IS NOT NULL))),
    constraint webhook_events_dedupe_key_check CHECK (((length(dedupe_key) >= 1) AND (length(dedupe_key) <= 300))),
    constraint webhook_events_state_check CHECK ((state = ANY (ARRAY['received'::text, 'processed'::text, 'failed'::text, 'unreadable'::text])))
) with (fillfactor=80);
alter table webhook_events alter column body set storage external;
CREATE INDEX webhook_events_by_age ON webhook_events USING btree (received_at);
CREATE INDEX webhook_events_by_provider ON webhook_events USING btree (provider, id DESC);
CREATE INDEX webhook_events_by_state ON webhook_events USING btree (state, id DESC);


-- Foreign keys

alter table hangfire.jobparameter add constraint jobparameter_jobid_fkey FOREIGN KEY (jobid) REFERENCES hangfire.job(id) ON UPDATE CASCADE ON DELETE CASCADE;
alter table hangfire.state add constraint state_jobid_fkey FOREIGN KEY (jobid) REFERENCES hangfire.job(id) ON UPDATE CASCADE ON DELETE CASCADE;
alter table meters add constraint meters_building_key_fkey FOREIGN KEY (building_key) REFERENCES buildings(key) ON DELETE CASCADE;
alter table model_shadow_disagreements add constraint model_shadow_disagreements_shadow_id_fkey FOREIGN KEY (shadow_id) REFERENCES model_shadows(id) ON DELETE CASCADE;
alter table model_shadows add constraint model_shadows_active_id_fkey FOREIGN KEY (active_id) REFERENCES model_versions(id) ON DELETE CASCADE;
alter table model_shadows add constraint model_shadows_candidate_id_fkey FOREIGN KEY (candidate_id) REFERENCES model_versions(id) ON DELETE CASCADE;
alter table payment_refunds add constraint payment_refunds_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES payments(id) ON DELETE CASCADE;
alter table payments add constraint payments_reservation_id_fkey FOREIGN KEY (reservation_id) REFERENCES reservations(id);
alter table predictions add constraint predictions_building_key_fkey FOREIGN KEY (building_key) REFERENCES buildings(key) ON DELETE CASCADE;
alter table predictions add constraint predictions_model_version_id_fkey FOREIGN KEY (model_version_id) REFERENCES model_versions(id);
alter table reading_blocks add constraint reading_blocks_meter_key_fkey FOREIGN KEY (meter_key) REFERENCES meters(key) ON DELETE CASCADE;
alter table reservations add constraint reservations_organization_sku_fkey FOREIGN KEY (organization, sku) REFERENCES catalog_items(organization, sku);
alter table run_attempts add constraint run_attempts_run_id_step_fkey FOREIGN KEY (run_id, step) REFERENCES run_steps(run_id, name) ON DELETE CASCADE;
alter table run_events add constraint run_events_run_id_fkey FOREIGN KEY (run_id) REFERENCES runs(id) ON DELETE CASCADE;
alter table run_steps add constraint run_steps_run_id_fkey FOREIGN KEY (run_id) REFERENCES runs(id) ON DELETE CASCADE;
alter table schedule_fires add constraint schedule_fires_key_fkey FOREIGN KEY (key) REFERENCES schedules(key);

-- Functions

CREATE OR REPLACE FUNCTION jobs_admit(in_id bigint, in_moment timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
declare
    job jobs;
    bound record;
    free timestamptz;
    after timestamptz;
    opens timestamptz := '-infinity';
    slot timestamptz := '-infinity';
    crowded boolean := false;
    late interval;
begin
    select * into job from jobs where id = in_id;
    -- One behind it may run although it came first: its commit came late.
    if job.order_key is not null and exists (
        select from jobs j where j.order_key = job.order_key and (j.id < job.id or j.state = 'running') and j.order_key is not null
            and j.finished_at is null) then
        update jobs set state = 'waiting', waits_for = 'order:' || job.order_key where id = in_id;
        perform jobs_pass(job.limits);
        return false;
    end if;
    for bound in select * from jsonb_to_recordset(coalesce(job.limits, '[]')) as b(key text, concurrency int)
        where b.concurrency is not null loop
        if (select count(*) from job_holds h where h.key = bound.key) >= bound.concurrency then
            update jobs set state = 'waiting', waits_for = 'limit:' || bound.key where id = in_id;
            perform jobs_pass(job.limits);
            return false;
        end if;
    end loop;

    -- Starts are spaced by the pause; where it is finer than the ticks in which jobs come due, up to a fifth of a
    -- second's worth may bunch up.
    late := in_moment - job.run_at;
    for bound in select b.key, make_interval(secs => b.per / b.rate) as pause
        from jsonb_to_recordset(coalesce(job.limits, '[]')) as b(key text, rate int, per float8) where b.rate is not null loop
        select r.free_at - greatest(interval '0.2 s' - bound.pause, interval '0'), r.next_at into free, after
            from job_rates r where r.key = bound.key;
        continue when not found;
        opens := greatest(opens, free);
        crowded := crowded or after > in_moment;
        -- The time that it was given is long past, and those of others may be as well: they must not all start now.
        job.paced := job.paced and late <= greatest(bound.pause, interval '0.2 s');
    end loop;
    if opens > in_moment or (crowded and not job.paced) then
        if job.paced then
            slot := opens;
        else
            for bound in select b.key, make_interval(secs => b.per / b.rate) as pause
                from jsonb_to_recordset(job.limits) as b(key text, rate int, per float8) where b.rate is not null loop
                insert into job_rates as r (key, free_at, next_at) values (bound.key, in_moment, in_moment + bound.pause)
                on conflict (key) do update set next_at = greatest(r.next_at, r.free_at, in_moment) + bound.pause
                returning r.next_at - bound.pause into after;
                slot := greatest(slot, after);
            end loop;
        end if;
        update jobs set state = 'scheduled', run_at = slot, paced = true where id = in_id;
        perform jobs_pass(job.limits);
        return false;
    end if;
    insert into job_rates as r (key, free_at, next_at)
    select b.key, in_moment + make_interval(secs => b.per / b.rate), in_moment
        from jsonb_to_recordset(coalesce(job.limits, '[]')) as b(key text, rate int, per float8) where b.rate is not null
    on conflict (key) do update set free_at = greatest(r.free_at, in_moment) + (excluded.free_at - in_moment);
    insert into job_holds (key, job_id)
    select b.key, in_id from jsonb_to_recordset(coalesce(job.limits, '[]')) as b(key text, concurrency int) where b.concurrency is not null
    on conflict do nothing;
    return true;
end $function$;

CREATE OR REPLACE FUNCTION jobs_announce()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
    now_ms bigint := extract(epoch from clock_timestamp()) * 1000;
    queue text;
    bits int;
    announced regclass;
    last bigint;
begin
    for queue in select distinct a.queue from added a loop
        bits := hashtext(queue) & 1023;
        announced := ('jobs_announced_' || (bits & 7))::regclass;
        last := coalesce(pg_sequence_last_value(announced), 0);
        -- A clock that was set back does not silence anybody.
        continue when (last & 1023) = bits and now_ms - (last >> 10) between 0 and 4;
        perform setval(announced, (now_ms << 10) | bits);
        perform pg_notify('tandem_jobs', queue);
    end loop;
    return null;
end $function$;

CREATE OR REPLACE FUNCTION jobs_cancel(in_id bigint, in_reason text)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
declare job jobs;
begin
    select * into job from jobs where id = in_id and finished_at is null for update;
    if not found then
        return false;
    end if;
    if job.state = 'running' then
        update jobs set cancel_requested = true where id = in_id;
        perform pg_notify('tandem_job_cancels', '');
        return true;
    end if;
    update jobs set state = 'cancelled', finished_at = clock_timestamp(), waits_for = null,
        errors = jobs_errors(errors, attempt, null, in_reason) where id = in_id;
    perform jobs_end(array[in_id], array[job.order_key]);
    -- Without the lock of the limits this may wake one too many, who waits again, or none, as jobs_stage will.
    perform jobs_pass(job.limits);
    return true;
end $function$;

CREATE OR REPLACE FUNCTION jobs_cancel_many(in_ids bigint[], in_reason text)
 RETURNS TABLE(id bigint)
 LANGUAGE plpgsql
AS $function$
#variable_conflict use_column
declare
    ids bigint[];
    ended bigint[];
    orders text[];
    freed jsonb;
begin
    ids := array(select j.id from jobs j where j.id = any(in_ids) and j.finished_at is null order by j.id for update skip locked);
    update jobs j set cancel_requested = true where j.id = any(ids) and j.state = 'running';
    if found then
        perform pg_notify('tandem_job_cancels', '');
    end if;
    with gone as (
        update jobs j set state = 'cancelled', finished_at = clock_timestamp(), waits_for = null,
            errors = jobs_errors(j.errors, j.attempt, null, in_reason)
        where j.id = any(ids) and j.state <> 'running'
        returning j.id, j.order_key, j.limits
    )
    select array_agg(gone.id), array_agg(gone.order_key), jsonb_agg(distinct bound) filter (where bound is not null)
    into ended, orders, freed
    from gone left join lateral jsonb_array_elements(gone.limits) as bound on true;
    perform jobs_end(ended, orders);
    perform jobs_pass(freed);
    return query select unnest(ids);
end $function$;

CREATE OR REPLACE FUNCTION jobs_claim(in_worker bigint, in_kinds text[], in_limit integer, in_ahead boolean, in_suspects integer, in_solo boolean, in_after_queue text, in_after_organization text)
 RETURNS TABLE(id bigint, kind text, organization text, queue text, args text, attempt integer, max_attempts integer, guarded boolean, crashes integer, rank smallint, claim integer)
 LANGUAGE sql
AS $function$
    select c.id, c.kind, c.organization, c.queue, c.args, c.attempt, c.max_attempts, c.guarded, c.crashes, c.rank, c.claim
    from jobs_claim(in_worker, in_kinds, in_limit, in_ahead, in_suspects, in_solo, in_after_queue, in_after_organization, null, '{}', 1) c
$function$;

CREATE OR REPLACE FUNCTION jobs_claim(in_worker bigint, in_kinds text[], in_limit integer, in_ahead boolean, in_suspects integer, in_solo boolean, in_after_queue text, in_after_organization text, in_only text[], in_except text[], in_together integer)
 RETURNS TABLE(id bigint, kind text, organization text, queue text, args text, attempt integer, max_attempts integer, guarded boolean, crashes integer, rank smallint, claim integer, order_key text)
 LANGUAGE sql
AS $function$
    select c.id, c.kind, c.organization, c.queue, c.args, c.attempt, c.max_attempts, c.guarded, c.crashes, c.rank, c.claim, c.order_key
    from jobs_take(in_worker, in_kinds, in_limit, in_ahead, in_suspects, in_solo, in_after_queue, in_after_organization, in_only,
        in_except, in_together) c
$function$;

CREATE OR REPLACE FUNCTION jobs_end(in_ids bigint[], in_order_keys text[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
    delete from job_uniques where job_id = any(in_ids) and (expires_at is null or expires_at <= clock_timestamp());
    if cardinality(in_order_keys) > 0 then
        perform jobs_wake_orders(in_order_keys);
    end if;
end $function$;

CREATE OR REPLACE FUNCTION jobs_enqueue(in_queues text[], in_kinds text[], in_organizations text[], in_priorities smallint[], in_delays double precision[], in_attempts integer[], in_args text[], in_unique_keys text[], in_unique_for double precision[], in_order_keys text[], in_limits text[])
 RETURNS TABLE(job_id bigint, added boolean)
 LANGUAGE sql
AS $function$
    select e.job_id, e.added from jobs_enqueue(in_queues, in_kinds, in_organizations, in_priorities, in_delays, in_attempts, in_args,
        in_unique_keys, in_unique_for, in_order_keys, in_limits, array_fill(null::int, array[cardinality(in_queues)])) e
$function$;

CREATE OR REPLACE FUNCTION jobs_enqueue(in_queues text[], in_kinds text[], in_organizations text[], in_priorities smallint[], in_delays double precision[], in_attempts integer[], in_args text[], in_unique_keys text[], in_unique_for double precision[], in_order_keys text[], in_limits text[], in_order_widths integer[])
 RETURNS TABLE(job_id bigint, added boolean)
 LANGUAGE plpgsql
AS $function$
#variable_conflict use_column
declare
    ids bigint[];
    holders bigint[];
    ordinal int;
    holder bigint;
begin
    if cardinality(array_remove(in_unique_keys, null)) = 0 then
        return query
        insert into jobs (queue, kind, organization, state, priority, rank, run_at, max_attempts, args, order_key, order_width, limits)
        select j.queue, j.kind, j.organization, case when j.delay > 0 then 'scheduled' else 'queued' end, j.priority, j.priority,
            case when j.delay > 0 then clock_timestamp() + make_interval(secs => j.delay) end, j.attempts, j.args, j.order_key,
                j.order_width::smallint, j.limits::jsonb
        from unnest(in_queues, in_kinds, in_organizations, in_priorities, in_delays, in_attempts, in_args, in_order_keys,
            in_order_widths, in_limits)
            with ordinality as j(queue, kind, organization, priority, delay, attempts, args, order_key, order_width, limits, n)
        order by j.n
        returning id, true;
        return;
    end if;
    ids := array(select nextval('jobs_id_seq') from generate_series(1, cardinality(in_queues)));
    holders := array_fill(null::bigint, array[cardinality(in_queues)]);
    -- Everyone takes keys in their order, so that no two wait for each other.
    for ordinal in select u.n from unnest(in_unique_keys) with ordinality as u(key, n) where u.key is not null
        order by u.key collate "C", u.n loop
        loop
            -- One that is there is only looked at: its key, locked until this transaction ends, would hold up the end of its job.
            select u.job_id into holder from job_uniques u where u.key = in_unique_keys[ordinal]
                and (u.expires_at is null or u.expires_at > clock_timestamp()
                    or exists (select from jobs j where j.id = u.job_id and j.finished_at is null));
            if found then
                holders[ordinal] := holder;
                exit;
            end if;
            -- Waits for another transaction that is adding the same key, and then looks at what became of it.
            insert into job_uniques as u (key, job_id, expires_at)
            values (in_unique_keys[ordinal], ids[ordinal], clock_timestamp() + make_interval(secs => in_unique_for[ordinal]))
            on conflict (key) do update set job_id = excluded.job_id, expires_at = excluded.expires_at
            where u.expires_at <= clock_timestamp() and not exists (select from jobs j where j.id = u.job_id and j.finished_at is null);
            exit when found;
        end loop;
    end loop;
    insert into jobs (id, queue, kind, organization, state, priority, rank, run_at, max_attempts, args, unique_key, order_key, order_width,
        limits)
    overriding system value
    select j.id, j.queue, j.kind, j.organization, case when j.delay > 0 then 'scheduled' else 'queued' end, j.priority, j.priority,
        case when j.delay > 0 then clock_timestamp() + make_interval(secs => j.delay) end, j.attempts, j.args, j.unique_key,
            j.order_key, j.order_width::smallint, j.limits::jsonb
    from unnest(ids, holders, in_queues, in_kinds, in_organizations, in_priorities, in_delays, in_attempts, in_args, in_unique_keys,
        in_order_keys, in_order_widths, in_limits)
        as j(id, holder, queue, kind, organization, priority, delay, attempts, args, unique_key, order_key, order_width, limits)
    where j.holder is null;
    return query select coalesce(h.holder, h.id), h.holder is null from unnest(ids, holders) with ordinality as h(id, holder, n)
        order by h.n;
end $function$;

CREATE OR REPLACE FUNCTION jobs_errors(in_errors jsonb, in_attempt integer, in_worker bigint, in_error text)
 RETURNS jsonb
 LANGUAGE sql
AS $function$
    select case when jsonb_array_length(coalesce(in_errors, '[]')) >= 20 then in_errors - 0 else coalesce(in_errors, '[]') end
        || jsonb_build_object('attempt', in_attempt, 'at', clock_timestamp(), 'worker', in_worker, 'error', in_error)
$function$;

CREATE OR REPLACE FUNCTION jobs_finish(in_worker bigint, in_ids bigint[], in_claims integer[], in_outcomes text[], in_delays double precision[], in_texts text[], in_guarded boolean)
 RETURNS TABLE(id bigint)
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
declare
    ours bigint[];
    bounded bigint[];
    keyed bigint[];
    orders text[];
    limits jsonb;
    forgotten boolean := 'forgotten' = any(in_outcomes);
    only_forgotten boolean := in_outcomes <@ array['forgotten'];
begin
    perform from job_workers w where w.id = in_worker and w.lease_expires_at > clock_timestamp() for key share;
    if not found then
        raise exception 'the lease of job worker % is lost', in_worker using errcode = 'TD003';
    end if;

    -- Found by id, one after the other, whatever the planner believes of the table: "any(array[…])" leaves no other way
    -- to join, "is not distinct from" does not look among all that the worker holds.
    if only_forgotten then
        -- Locked by id, as by everyone, though all at once.
        with gone as (
            delete from jobs j using (select * from unnest(in_ids, in_claims) as u(id, claim) order by u.id) f
            where j.id = any(array[f.id]) and j.worker is not distinct from in_worker and j.claims = f.claim
            returning j.id, j.order_key, j.limits, j.unique_key is not null as keyed
        )
        select array_agg(g.id), array_agg(g.id) filter (where g.limits is not null), array_agg(g.id) filter (where g.keyed),
            array_agg(distinct g.order_key) filter (where g.order_key is not null),
            jsonb_agg(g.limits) filter (where g.limits is not null)
        into ours, bounded, keyed, orders, limits from gone g;
        return query select unnest(ours);
    else
        if in_guarded then
            -- Locked, so that no request to cancel falls between. Only what the worker holds is given back: an end may be written twice.
            select array_agg(h.id) filter (where h.bound), array_agg(h.id) filter (where h.keyed and h.ends),
                array_agg(distinct h.order_key) filter (where h.order_key is not null and (h.ends or h.aside or h.wide)), array_agg(h.id)
            into bounded, keyed, orders, ours from (
                select j.id, j.order_key, j.bound, j.keyed, j.wide, j.cancel_requested
                    or f.outcome in ('succeeded', 'forgotten', 'cancelled', 'dead') as ends, f.outcome like '% aside' as aside
                from (select * from unnest(in_ids, in_claims, in_outcomes) as u(id, claim, outcome) order by u.id) f
                cross join lateral (
                    select x.id, x.order_key, coalesce(x.order_width, 1) > 1 as wide, x.cancel_requested, x.limits is not null as bound,
                        x.unique_key is not null as keyed
                    from jobs x where x.id = f.id and x.claims = f.claim and x.worker is not distinct from in_worker for update) j) h;
            perform jobs_lock_keys(jobs_keys(ours));
        end if;
        if forgotten then
            return query
            delete from jobs j using unnest(in_ids, in_claims, in_outcomes) as f(id, claim, outcome)
            where f.outcome = 'forgotten' and j.id = any(array[f.id]) and j.worker is not distinct from in_worker and j.claims = f.claim
            returning j.id;
        end if;

        return query
        with gone as (
            delete from jobs j using unnest(in_ids, in_claims, in_outcomes, in_texts) as f(id, claim, outcome, result)
            where f.outcome = 'succeeded' and j.id = any(array[f.id]) and j.worker is not distinct from in_worker and j.claims = f.claim
            returning j.*, f.result
        )
        insert into job_done as d (id, queue, kind, organization, priority, attempt, max_attempts, args, created_at, started_at,
            worker, result, errors)
        select g.id, g.queue, g.kind, g.organization, g.priority, g.attempt, g.max_attempts, g.args, g.created_at, g.started_at,
            in_worker, g.result, g.errors from gone g
        returning d.id;

        return query
        update jobs j set
            state = case when j.cancel_requested or f.outcome = 'cancelled' then 'cancelled' when f.outcome = 'dead' then 'dead'
                when f.outcome = 'released' or f.delay <= 0 then 'queued' else 'scheduled' end,
            finished_at = case when j.cancel_requested or f.outcome in ('cancelled', 'dead') then clock_timestamp() end,
            run_at = case when f.outcome in ('retry', 'snoozed', 'retry aside', 'snoozed aside') and f.delay > 0
                then clock_timestamp() + make_interval(secs => f.delay) end,
            rank = case when f.outcome = 'released' then -32768 else j.priority end,
            attempt = case when f.outcome in ('released', 'snoozed', 'snoozed aside') then j.attempt - 1 else j.attempt end,
            errors = case when f.text is null then j.errors else jobs_errors(j.errors, j.attempt, in_worker, f.text) end,
            worker = null, ahead = false, order_key = case when f.outcome like '% aside' and coalesce(j.order_width, 1) = 1
                then null else j.order_key end,
            suspect = j.suspect and f.outcome = 'released', crashes = case when f.outcome = 'released' then j.crashes else 0 end
        from unnest(in_ids, in_claims, in_outcomes, in_delays, in_texts) as f(id, claim, outcome, delay, text)
        where f.outcome not in ('succeeded', 'forgotten') and j.id = any(array[f.id]) and j.worker is not distinct from in_worker
            and j.claims = f.claim
        returning j.id;
    end if;

    -- Most have none of these: they are not looked for.
    if only_forgotten and (orders is not null or bounded is not null) then
        perform jobs_lock_keys(array(
            select 'order:' || u.k from unnest(orders) as u(k)
            union
            select 'limit:' || b.key from jsonb_array_elements(coalesce(limits, '[]')) as l(bounds)
                cross join lateral jsonb_to_recordset(l.bounds) as b(key text)));
    end if;
    if bounded is not null then
        perform jobs_release(bounded);
    end if;
    if keyed is not null then
        delete from job_uniques u where u.job_id = any(keyed) and (u.expires_at is null or u.expires_at <= clock_timestamp());
    end if;
    if orders is not null then
        perform jobs_wake_orders(orders);
    end if;
end $function$;

CREATE OR REPLACE FUNCTION jobs_is_stuck(in_waits_for text, in_limits jsonb)
 RETURNS boolean
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare searched text := substr(in_waits_for, 7);
begin
    if in_waits_for like 'order:%' then
        return not exists (select from jobs b where b.order_key = searched and b.finished_at is null and b.order_key is not null
            and (b.state in ('queued', 'running') or (b.state = 'scheduled' and coalesce(b.order_width, 1) = 1)));
    end if;
    return (select count(*) from job_holds h where h.key = searched)
        < (select max(b.concurrency) from jsonb_to_recordset(in_limits) as b(key text, concurrency int) where b.key = searched);
end $function$;

CREATE OR REPLACE FUNCTION jobs_keys(in_ids bigint[])
 RETURNS text[]
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
begin
    return array(
        select 'order:' || j.order_key from jobs j where j.id = any(in_ids) and j.order_key is not null
        union
        select 'limit:' || b.key from jobs j cross join lateral jsonb_to_recordset(j.limits) as b(key text)
            where j.id = any(in_ids) and j.limits is not null);
end $function$;

CREATE OR REPLACE FUNCTION jobs_lock_key_now(in_key text)
 RETURNS boolean
 LANGUAGE sql
AS $function$
    select pg_try_advisory_xact_lock_shared(8371, 1) and pg_try_advisory_xact_lock(8372, jobs_stripe(in_key))
$function$;

CREATE OR REPLACE FUNCTION jobs_lock_keys(in_keys text[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
    stripes int[] := array(select distinct jobs_stripe(u.k) from unnest(in_keys) as u(k) where u.k is not null order by 1);
    stripe int;
begin
    if cardinality(stripes) > 256 then
        perform pg_advisory_xact_lock(8371, 1);
        return;
    end if;
    perform pg_advisory_xact_lock_shared(8371, 1);
    foreach stripe in array stripes loop
        perform pg_advisory_xact_lock(8372, stripe);
    end loop;
end $function$;

CREATE OR REPLACE FUNCTION jobs_lock_limits()
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
    perform pg_advisory_xact_lock(8371, 1);
    perform set_config('synchronous_commit', 'on', true);
end $function$;

CREATE OR REPLACE FUNCTION jobs_pass(in_limits jsonb)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare bound record;
begin
    for bound in select * from jsonb_to_recordset(coalesce(in_limits, '[]')) as b(key text, concurrency int)
        where b.concurrency is not null loop
        if (select count(*) from job_holds h where h.key = bound.key) < bound.concurrency then
            perform jobs_wake(bound.key);
        end if;
    end loop;
end $function$;

CREATE OR REPLACE FUNCTION jobs_pick(in_queue text, in_organization text, in_kinds text[], in_limit integer)
 RETURNS TABLE(id bigint, limited boolean)
 LANGUAGE plpgsql
AS $function$
#variable_conflict use_column
declare
    found_kind text := '';
    kinds text[] := '{}';
begin
    -- One look for each kind that is there: those that are not asked for are passed over whole.
    loop
        select j.kind into found_kind from jobs j
        where j.state = 'queued' and j.queue = in_queue and j.organization = in_organization and j.kind > found_kind order by j.kind
            limit 1;
        exit when not found;
        if found_kind = any(in_kinds) then
            kinds := kinds || found_kind;
        end if;
    end loop;
    if cardinality(kinds) = 1 then
        return query
        select j.id, j.order_key is not null or j.limits is not null from jobs j
        where j.state = 'queued' and j.queue = in_queue and j.organization = in_organization and j.kind = kinds[1] and not j.suspect
        order by j.rank, j.id limit in_limit for update skip locked;
    elsif cardinality(kinds) > 1 then
        -- How many of each kind are among the first, and then so many of each that nobody else has locked.
        return query
        select picked.id, picked.limited from (
            select first.kind, count(*) as jobs from (
                select h.kind from unnest(kinds) as k(kind) cross join lateral (
                    select j.kind, j.rank, j.id from jobs j
                    where j.state = 'queued' and j.queue = in_queue and j.organization = in_organization and j.kind = k.kind
                        and not j.suspect
                    order by j.rank, j.id limit in_limit) h
                order by h.rank, h.id limit in_limit) first
            group by first.kind) share
        cross join lateral (
            select j.id, j.order_key is not null or j.limits is not null as limited from jobs j
            where j.state = 'queued' and j.queue = in_queue and j.organization = in_organization and j.kind = share.kind and not j.suspect
            order by j.rank, j.id limit share.jobs for update skip locked) picked;
    end if;
end $function$;

CREATE OR REPLACE FUNCTION jobs_redrive(in_ids bigint[])
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare redriven int;
begin
    perform from jobs j where j.id = any(in_ids) order by j.id for update;
    insert into job_uniques as u (key, job_id) select distinct on (j.unique_key) j.unique_key, j.id from jobs j
    where j.id = any(in_ids) and j.finished_at is not null and j.unique_key is not null order by j.unique_key, j.id
    on conflict (key) do update set job_id = excluded.job_id, expires_at = null
    where u.expires_at <= clock_timestamp() and not exists (select from jobs j where j.id = u.job_id and j.finished_at is null);
    update jobs j set state = 'queued', finished_at = null, run_at = clock_timestamp(), paced = false, attempt = 0, crashes = 0,
        suspect = false, cancel_requested = false,
        rank = j.priority, progress = null, progress_text = null
    where j.id = any(in_ids) and (j.finished_at is not null or j.state = 'scheduled')
      and (j.unique_key is null or exists (select from job_uniques u where u.key = j.unique_key and u.job_id = j.id));
    get diagnostics redriven = row_count;
    perform pg_notify('tandem_jobs', '');
    return redriven;
end $function$;

CREATE OR REPLACE FUNCTION jobs_release(in_ids bigint[])
 RETURNS void
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare awake bigint[];
begin
    with gone as (delete from job_holds h where h.job_id = any(in_ids) returning h.key),
    freed as (select g.key, count(*) as places from gone g group by g.key)
    select array_agg(w.id) into awake from freed f
    cross join lateral (select j.id from jobs j where j.state = 'waiting' and j.waits_for = 'limit:' || f.key
        order by j.rank, j.id limit f.places) w;
    -- Passing over a job that somebody is changing just now: jobs_stage looks again within a second.
    if awake is not null then
        update jobs j set state = 'queued', waits_for = null
        where j.id in (select x.id from jobs x where x.id = any(awake) and x.state is not distinct from 'waiting' for update skip locked);
    end if;
end $function$;

CREATE OR REPLACE FUNCTION jobs_rescue()
 RETURNS TABLE(worker bigint, process text, freed integer, set_aside integer)
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
declare
    gone record;
    ids bigint[];
    workers bigint[];
begin
    workers := array(select w.id from job_workers w where w.lease_expires_at <= clock_timestamp() for update skip locked);
    if cardinality(workers) = 0 then
        return;
    end if;
    for gone in select w.process from job_workers w where w.id = any(workers) loop
        -- A worker that is stopped, not dead, may hold locks in the middle of an answer that it does not read.
        perform pg_terminate_backend(a.pid) from pg_stat_activity a
        where a.datname = current_database() and a.pid <> pg_backend_pid()
            and (a.application_name = gone.process or a.application_name like gone.process || '/%')
          and not exists (select from job_workers w where w.process = gone.process and w.lease_expires_at > clock_timestamp());
    end loop;
    perform from jobs j where j.worker = any(workers) order by j.id for update;
    perform jobs_lock_limits();
    for gone in select w.id, w.process, w.beat_at > pg_postmaster_start_time() as died from job_workers w where w.id = any(workers) loop
        with held as (
            update jobs j set
                crashes = j.crashes + case when gone.died and not j.ahead then 1 else 0 end,
                state = case when j.cancel_requested then 'cancelled' when gone.died and not j.ahead and j.crashes >= 2 then 'dead'
                    else 'queued' end,
                finished_at = case when j.cancel_requested or (gone.died and not j.ahead and j.crashes >= 2) then clock_timestamp() end,
                errors = case when j.ahead or not gone.died then j.errors
                    else jobs_errors(j.errors, j.attempt, j.worker, format('Its worker %s ended while it ran this job.', gone.process)) end,
                attempt = case when j.ahead or not gone.died then j.attempt - 1 else j.attempt end,
                rank = -32768, suspect = gone.died or j.suspect, worker = null, ahead = false
            where j.worker = gone.id
            returning j.id, j.state
        )
        select coalesce(array_agg(held.id), '{}'), count(*), count(*) filter (where held.state = 'dead') into ids, freed, set_aside
            from held;
        perform jobs_release(ids);
        perform jobs_end(array(select j.id from jobs j where j.id = any(ids) and j.finished_at is not null),
            array(select j.order_key from jobs j where j.id = any(ids) and j.finished_at is not null));
        delete from job_workers w where w.id = gone.id;
        worker := gone.id;
        process := gone.process;
        return next;
    end loop;
    perform pg_notify('tandem_jobs', '');
end $function$;

CREATE OR REPLACE FUNCTION jobs_stage(in_limit integer)
 RETURNS TABLE(staged integer, due_in interval)
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
declare
    next_key text := '';
    bounds jsonb;
    woken int := 0;
begin
    -- Usually somebody who ends wakes the next. Where one was woken and then paused or redriven, nobody would.
    -- Looked at without a lock first: hardly any is stuck, and nobody is to wait for this look.
    if exists (select from jobs j where j.state = 'waiting') then
        loop
            select j.waits_for, j.limits into next_key, bounds from jobs j where j.state = 'waiting' and j.waits_for > next_key
                order by j.waits_for limit 1;
            exit when not found;
            continue when not jobs_is_stuck(next_key, bounds);
            continue when not jobs_lock_key_now(next_key);
            continue when not jobs_is_stuck(next_key, bounds);
            if next_key like 'order:%' then
                perform jobs_wake_order(substr(next_key, 7));
            else
                perform jobs_wake(substr(next_key, 7));
            end if;
            woken := woken + 1;
        end loop;
    end if;

    with due as (
        select j.id from jobs j where j.state = 'scheduled' and j.run_at <= clock_timestamp() order by j.run_at limit in_limit
            for update skip locked
    )
    update jobs j set state = 'queued' from due where j.id = due.id;
    get diagnostics staged = row_count;
    if staged + woken > 0 then
        perform pg_notify('tandem_jobs', '');
    end if;
    select min(j.run_at) - clock_timestamp() into due_in from (select s.run_at from jobs s where s.state = 'scheduled'
        order by s.run_at limit 1) j;
    return next;
end $function$;

CREATE OR REPLACE FUNCTION jobs_stripe(in_key text)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE
AS $function$
    select (hashtextextended(in_key, 8372) & 4095)::int
$function$;

CREATE OR REPLACE FUNCTION jobs_take(in_worker bigint, in_kinds text[], in_limit integer, in_ahead boolean, in_suspects integer, in_solo boolean, in_after_queue text, in_after_organization text, in_only text[], in_except text[], in_together integer)
 RETURNS TABLE(id bigint, kind text, organization text, queue text, args text, attempt integer, max_attempts integer, guarded boolean, crashes integer, rank smallint, claim integer, order_key text, order_width integer)
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
declare
    paused text[] := array(select q.name from job_queues q where q.paused_at is not null);
    queues text[] := '{}';
    organizations text[] := '{}';
    q text := in_after_queue;
    o text := in_after_organization;
    wrapped boolean := false;
    round boolean := false;
    line record;
    ids bigint[] := '{}';
    fresh bigint[];
    limited bigint[];
    late bigint[];
    one bigint;
    bounded boolean;
    any_limited boolean := false;
    running_on boolean;
    locked text[];
    keys_locked boolean := false;
    refused int := 0;
    turned_away int;
    moment timestamptz;
begin
    -- Shared with other claims and with heartbeats, but not with rescue: a dead worker's jobs are freed once and for all.
    perform from job_workers w where w.id = in_worker and w.lease_expires_at > clock_timestamp() for key share;
    if not found then
        raise exception 'the lease of job worker % is lost', in_worker using errcode = 'TD003';
    end if;

    if in_suspects > 0 and exists (select from jobs j where j.suspect and j.state is not distinct from 'queued') then
        ids := array(select j.id from jobs j where j.suspect and j.state is not distinct from 'queued' and j.crashes < 2
            and j.kind = any(in_kinds) and j.queue <> all(paused) and (in_only is null or j.queue = any(in_only))
            and j.queue <> all(in_except)
            order by j.id limit in_suspects for update skip locked);
        if in_solo then
            ids := ids || array(select j.id from jobs j where j.suspect and j.state is not distinct from 'queued' and j.crashes >= 2
                and j.kind = any(in_kinds) and j.queue <> all(paused) and (in_only is null or j.queue = any(in_only))
                and j.queue <> all(in_except)
                order by j.id limit 1 for update skip locked);
        end if;
        any_limited := cardinality(ids) > 0;
    end if;

    -- Lines that have nothing for this worker, and jobs that their limits turn away, must not hide what is behind them.
    loop
        queues := '{}';
        organizations := '{}';
        while cardinality(queues) < 32 and not round loop
            select j.queue, j.organization into line from jobs j
            where j.state = 'queued' and (j.queue, j.organization) > (q, o) order by j.queue, j.organization limit 1;
            if not found then
                round := wrapped;
                wrapped := true;
                q := '';
                o := '';
                continue;
            end if;
            round := wrapped and (line.queue, line.organization) > (in_after_queue, in_after_organization);
            exit when round;
            q := line.queue;
            o := line.organization;
            if q = any(paused) or q = any(in_except) or (in_only is not null and q <> all(in_only)) then
                o := chr(1114111);
                continue;
            end if;
            queues := queues || q;
            organizations := organizations || o;
        end loop;

        -- What a short line leaves is for the next claim, which comes at once while there are jobs.
        for ordinal in 1 .. cardinality(queues) loop
            exit when cardinality(ids) >= in_limit;
            select coalesce(array_agg(picked.id), '{}'), coalesce(bool_or(picked.limited), false) into fresh, bounded
            from jobs_pick(queues[ordinal], organizations[ordinal], in_kinds,
                ceil((in_limit - cardinality(ids))::numeric / (cardinality(queues) - ordinal + 1))::int) picked;
            ids := ids || fresh;
            any_limited := any_limited or bounded;
        end loop;

        turned_away := 0;
        if any_limited then
            if not keys_locked then
                perform jobs_lock_keys(jobs_keys(ids));
                keys_locked := true;
            else
                -- Who holds keys waits for no other: what is not to be had at once is left in the line.
                locked := array(select u.k from unnest(jobs_keys(ids)) as u(k) where jobs_lock_key_now(u.k));
                ids := array(select j.id from jobs j where j.id = any(ids) and jobs_keys(array[j.id]) <@ locked);
            end if;
            select coalesce(array_agg(t.id) filter (where t.admitted), '{}'),
                coalesce(array_agg(t.id) filter (where not t.admitted), '{}'), coalesce(bool_or(t.behind), false)
            into fresh, late, running_on from jobs_take_orders(in_worker, ids, in_kinds, in_together) t;
            limited := array(select j.id from jobs j where j.id = any(ids) and j.limits is not null order by j.rank, j.id);
            ids := array(select j.id from jobs j where j.id = any(ids) and (j.order_key is null or j.limits is not null)) || fresh;
            if cardinality(late) > 0 then
                perform jobs_wait_in_orders(late);
                turned_away := cardinality(late);
            end if;
            -- On the disk before it is answered, where a crash of the database must not forget it: who holds a place under a
            -- limit, and who goes on from job to job of an order without asking.
            if cardinality(limited) > 0 or running_on then
                perform set_config('synchronous_commit', 'on', true);
            end if;
            moment := clock_timestamp();
            foreach one in array limited loop
                if not jobs_admit(one, moment) then
                    ids := array_remove(ids, one);
                    turned_away := turned_away + 1;
                end if;
            end loop;
        end if;
        exit when cardinality(ids) > 0 or (round and turned_away = 0);
        if turned_away > 0 then
            refused := refused + turned_away;
            if refused >= 500 then
                -- Others have waited long enough for the limits: go on in another claim.
                perform pg_notify('tandem_jobs', '');
                exit;
            end if;
            q := in_after_queue;
            o := in_after_organization;
            wrapped := false;
            round := false;
            any_limited := false;
        end if;
    end loop;

    return query
    update jobs as j
    set state = 'running', worker = in_worker, attempt = j.attempt + 1, claims = j.claims + 1,
        started_at = coalesce(moment, clock_timestamp()), ahead = in_ahead and not j.suspect, run_at = null, paced = false, waits_for = null
    where j.id = any(ids)
    returning j.id, j.kind, j.organization, j.queue, j.args, j.attempt, j.max_attempts,
        j.unique_key is not null or j.order_key is not null or j.limits is not null, j.crashes::int, j.rank, j.claims, j.order_key,
        coalesce(j.order_width, 1)::int;
end $function$;

CREATE OR REPLACE FUNCTION jobs_take_orders(in_worker bigint, in_ids bigint[], in_kinds text[], in_together integer)
 RETURNS TABLE(id bigint, admitted boolean, behind boolean)
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
begin
    return query
    with picked as materialized (
        select j.id, j.order_key, j.queue, coalesce(j.order_width, 1) > 1 as wide from jobs j
        where j.id = any(in_ids) and j.order_key is not null and j.limits is null
    ),
    orders as materialized (
        select p.order_key, min(p.queue) as queue, bool_or(p.wide) as wide from picked p group by p.order_key
    ),
    -- All that run of an order are one worker's: any of them tells whose.
    free as materialized (
        select o.order_key, o.queue, o.wide, in_together as room from orders o
        where (select r.id from jobs r where r.order_key = o.order_key and r.state = 'running' and r.order_key is not null limit 1) is null
        union all
        select o.order_key, o.queue, true, in_together - r.running from orders o
        cross join lateral (select count(*)::int as running, min(x.worker) as worker from (
            select y.worker from jobs y where y.order_key = o.order_key and y.state = 'running' and y.order_key is not null limit in_together) x) r
        where o.wide and r.worker = in_worker and r.running between 1 and in_together - 1
    ),
    line as materialized (
        select o.order_key, false as wide, f.id, f.place, f.able from free o cross join lateral (
            select b.id, b.ctid as place, b.state = 'queued' and b.queue = o.queue and b.kind = any(in_kinds) and b.limits is null
                and (not b.suspect or b.id = any(in_ids)) as able
            from jobs b where b.order_key = o.order_key and b.order_key is not null and b.finished_at is null order by b.id
                limit o.room) f
        where not o.wide
        union all
        -- What waits for its turn in a wide order may run as well as what is queued.
        select o.order_key, true, f.id, f.place, true from free o cross join lateral (
            select b.id, b.ctid as place from jobs b
            where b.order_key = o.order_key and b.order_key is not null and b.finished_at is null
                and (b.state = 'queued' or (b.state = 'waiting' and b.waits_for = 'order:' || o.order_key))
                and b.queue = o.queue and b.kind = any(in_kinds) and b.limits is null and (not b.suspect or b.id = any(in_ids))
            order by b.id limit o.room) f
        where o.wide
    ),
    -- Where they were found a moment ago, so that they need not be looked up again.
    locked as materialized (
        select j.id from jobs j where j.ctid = any(array(select l.place from line l where l.able)) and j.state in ('queued', 'waiting')
            for update skip locked
    ),
    -- Brought together by grouping, which no guess of how many there are can make slow, as it can a join.
    had as materialized (
        select u.id, max(u.order_key) as order_key, bool_or(u.wide) as wide, bool_or(u.locked) as locked from (
            select l.id, l.order_key, l.wide, false as locked from line l union all select x.id, null, false, true from locked x) u
        group by u.id
    ),
    -- Of width 1 up to the first that is not to be had.
    batches as materialized (
        select r.id, r.n > 1 as behind from (
            select h.id, h.wide, h.locked, row_number() over whole as n, bool_and(h.locked) over whole as had
                from had h window whole as (partition by h.order_key order by h.id)) r
        where case when r.wide then r.locked else r.had end
    )
    select b.id, true, b.behind from batches b
    union all
    select late.id, false, false from (select p.id from picked p except select b.id from batches b) late;
end $function$;

CREATE OR REPLACE FUNCTION jobs_wait_in_orders(in_ids bigint[])
 RETURNS void
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare behind bigint[];
begin
    update jobs j set state = 'waiting', waits_for = 'order:' || j.order_key where j.id = any(in_ids);
    behind := array(
        select b.id from (select distinct j.order_key as k from jobs j where j.id = any(in_ids) and coalesce(j.order_width, 1) > 1) o
        cross join lateral (select x.id, x.state, x.limits from jobs x
            where x.order_key = o.k and x.order_key is not null and x.finished_at is null order by x.id desc limit 200) b
        where b.state = 'queued' and b.limits is null);
    if cardinality(behind) > 0 then
        update jobs j set state = 'waiting', waits_for = 'order:' || j.order_key
        where j.id in (select x.id from jobs x where x.id = any(behind) and x.state is not distinct from 'queued' and not x.suspect
            for update skip locked);
    end if;
end $function$;

CREATE OR REPLACE FUNCTION jobs_wake(in_key text)
 RETURNS void
 LANGUAGE sql
AS $function$
    update jobs set state = 'queued', waits_for = null
    where id = (select id from jobs where state = 'waiting' and waits_for = 'limit:' || in_key order by rank, id limit 1
        for update skip locked)
$function$;

CREATE OR REPLACE FUNCTION jobs_wake_order(in_key text)
 RETURNS void
 LANGUAGE sql
AS $function$ select jobs_wake_orders(array[in_key]) $function$;

CREATE OR REPLACE FUNCTION jobs_wake_orders(in_keys text[])
 RETURNS void
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare awake bigint[];
begin
    awake := array(
        select first.id from (select distinct u.k from unnest(in_keys) as u(k) where u.k is not null) keys
        cross join lateral (
            select w.id, w.order_width from jobs w where w.state = 'waiting' and w.waits_for = 'order:' || keys.k
                order by w.rank, w.id limit 1) first
        where first.order_width > 1 and (
            select count(*) from (select from jobs r where r.order_key = keys.k and r.state = 'running' and r.order_key is not null
                limit 64) running) < 64
        union all
        select behind.id from (select distinct u.k from unnest(in_keys) as u(k) where u.k is not null) keys
        cross join lateral (
            select f.state, f.waits_for, f.order_width from jobs f where f.order_key = keys.k and f.order_key is not null and f.finished_at is null
                order by f.id limit 1) head
        cross join lateral (
            select b.id, b.state, b.waits_for from jobs b
            where head.state = 'waiting' and head.waits_for = 'order:' || keys.k and coalesce(head.order_width, 1) = 1
                and b.order_key = keys.k
                and b.order_key is not null and b.finished_at is null order by b.id limit 128) behind
        where behind.state = 'waiting' and behind.waits_for = 'order:' || keys.k);
    -- Passing over a job that somebody is changing just now: jobs_stage looks again within a second.
    -- "is not distinct from": found by id, and not among all that wait.
    if cardinality(awake) > 0 then
        update jobs j set state = 'queued', waits_for = null
        where j.id in (select w.id from jobs w where w.id = any(awake) and w.state is not distinct from 'waiting' for update skip locked);
    end if;
end $function$;

CREATE OR REPLACE FUNCTION messages_abandon(in_ids uuid[], in_drives integer[], in_reasons text[])
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare abandoned int;
begin
    update messages m set state = 'dead', died_at = clock_timestamp(), next_at = null, error = left(t.reason, 4000)
    from unnest(in_ids, in_drives, in_reasons) as t(id, drive, reason)
    where m.id = t.id and m.drive = t.drive and m.state in ('pending', 'sending', 'uncertain');
    get diagnostics abandoned = row_count;
    return abandoned;
end $function$;

CREATE OR REPLACE FUNCTION messages_check_transition()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
    if (old.state, new.state) not in (
        ('pending', 'sending'), ('pending', 'delivered'), ('pending', 'dead'),
        ('sending', 'pending'), ('sending', 'delivered'), ('sending', 'uncertain'), ('sending', 'dead'),
        ('uncertain', 'delivered'), ('uncertain', 'dead'), ('uncertain', 'pending'),
        ('delivered', 'dead'), ('dead', 'pending'), ('dead', 'delivered')) then
        raise exception 'message % cannot go from % to %', old.id, old.state, new.state using errcode = 'TD010';
    end if;
    return null;
end $function$;

CREATE OR REPLACE FUNCTION messages_drive_again(in_organization text, in_ids uuid[])
 RETURNS TABLE(id uuid, drive integer, channel text, recipient text, order_key text)
 LANGUAGE plpgsql
AS $function$
#variable_conflict use_column
declare ids uuid[];
begin
    ids := array(select x.id from messages x where x.id = any(in_ids) and x.organization = in_organization
        and x.state in ('dead', 'uncertain') order by x.id for update);
    insert into deliveries (message_id, number, outcome, started_at, latency_ms, request, status, response_headers, response_body)
    select m.id, m.attempts, 'delivered', m.sent_at, m.latency_ms, m.request, m.status, m.response_headers, m.response_body
    from messages m where m.id = any(ids) and m.latency_ms is not null
    on conflict do nothing;
    return query
    update messages m set state = 'pending', drive = m.drive + 1, spent = m.attempts, error = null, error_code = null,
        died_at = null, next_at = null,
        receipt = null, receipt_at = null, provider_id = null,
        latency_ms = null, request = null, status = null, response_headers = null, response_body = null
    where m.id = any(ids)
    returning m.id, m.drive, m.channel, m.recipient, m.order_key;
end $function$;

CREATE OR REPLACE FUNCTION messages_foresee(in_args text[])
 RETURNS TABLE(n bigint, id uuid, organization text, channel text, recipient text, body text, state text, attempts integer, spent integer, age double precision, quiet double precision, secret text, previous_secret text, closed_reason text)
 LANGUAGE sql
AS $function$ select * from messages_prefetch(in_args) $function$;

CREATE OR REPLACE FUNCTION messages_mark_sending(in_ids uuid[])
 RETURNS void
 LANGUAGE sql
AS $function$
    update messages m set state = 'sending', sent_at = clock_timestamp(), next_at = null where m.id = any(in_ids) and m.state = 'pending'
$function$;

CREATE OR REPLACE FUNCTION messages_prefetch(in_args text[])
 RETURNS TABLE(n bigint, id uuid, organization text, channel text, recipient text, body text, state text, attempts integer, spent integer, age double precision, quiet double precision, secret text, previous_secret text, closed_reason text)
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
begin
    return query
    select a.n, m.id, m.organization, m.channel, m.recipient, m.body::text, m.state, m.attempts, m.spent,
        extract(epoch from clock_timestamp() - m.created_at)::float8, extract(epoch from clock_timestamp() - m.sent_at)::float8,
        e.secret, case when e.previous_until > clock_timestamp() then e.previous_secret end, e.closed_reason
    from (select u.n, u.args::json as args from unnest(in_args) with ordinality as u(args, n)) a
    cross join lateral (select * from messages x where x.id = (a.args ->> 'messageId')::uuid and x.drive = (a.args ->> 'drive')::int
        limit 1) m
    left join lateral (select * from webhook_endpoints x where m.channel = 'webhook' and x.organization = m.organization
        and x.url = m.recipient limit 1) e on true
    where m.channel <> 'whatsapp' and m.state in ('pending', 'sending') and e.open_until is null and octet_length(m.body::text) <= 4096
      and not exists (select from message_channels c where c.channel = m.channel);
end $function$;

CREATE OR REPLACE FUNCTION messages_receive(in_ids uuid[], in_provider_ids text[], in_statuses text[], in_times timestamp with time zone[], in_codes integer[], in_errors text[])
 RETURNS SETOF uuid
 LANGUAGE plpgsql
AS $function$
declare
    report record;
    message messages;
    ladder constant text[] := '{sent,failed,delivered,read}';
begin
    -- Everyone takes messages in their order, so that no two wait for each other.
    for report in
        select coalesce(m.id, p.id) as id, r.* from
            unnest(in_ids, in_provider_ids, in_statuses, in_times, in_codes, in_errors) with ordinality
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
end $function$;

CREATE OR REPLACE FUNCTION messages_redrive(in_organization text, in_ids uuid[])
 RETURNS TABLE(id uuid, drive integer, channel text, recipient text)
 LANGUAGE sql
AS $function$
    select r.id, r.drive, r.channel, r.recipient from messages_drive_again(in_organization, in_ids) r
$function$;

CREATE OR REPLACE FUNCTION messages_settle(in_ids uuid[], in_drives integer[], in_numbers integer[], in_states text[], in_errors text[], in_codes integer[], in_provider_ids text[], in_delays double precision[], in_outcomes text[], in_started timestamp with time zone[], in_latencies integer[], in_requests text[], in_statuses integer[], in_headers text[], in_bodies text[], in_pauses double precision[], in_trip_after integer)
 RETURNS void
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
declare
    failing record;
    recorded int;
    well uuid[];
begin
    -- The attempt that delivers is recorded with its message, unless another has its number already.
    with settled as (
        update messages m set
            state = s.state,
            attempts = greatest(m.attempts, s.number), sent_at = coalesce(s.started, m.sent_at),
            error = s.error, error_code = s.code,
            provider_id = coalesce(m.provider_id, s.provider),
            next_at = case when s.state = 'pending' then clock_timestamp() + make_interval(secs => s.delay) end,
            delivered_at = case when s.state = 'delivered' then clock_timestamp() end,
            died_at = case when s.state = 'dead' then clock_timestamp() end,
            latency_ms = case when s.delivers and m.attempts < s.number then s.latency end,
            request = case when s.delivers then s.request end,
            status = case when s.delivers then s.status end,
            response_headers = case when s.delivers then s.headers end,
            response_body = case when s.delivers then s.body end
        from (
            select *, u.state = 'delivered' and u.outcome = 'delivered' and u.error is null as delivers
            from unnest(in_ids, in_drives, in_numbers, in_states, in_errors, in_codes, in_provider_ids, in_delays, in_outcomes,
                in_started, in_latencies, in_requests, in_statuses, in_headers, in_bodies)
                as u(id, drive, number, state, error, code, provider, delay, outcome, started, latency, request, status, headers, body)) s
        where m.id = any(array[s.id]) and m.drive = s.drive and (m.state in ('pending', 'sending')
            or (m.state = 'uncertain' and s.state in ('delivered', 'dead')))
        returning m.latency_ms
    )
    select count(settled.latency_ms) into recorded from settled;

    if recorded < cardinality(in_ids) then
        insert into deliveries (message_id, number, outcome, started_at, latency_ms, request, status, response_headers,
            response_body, error)
        select s.id, s.number, s.outcome, s.started, s.latency, s.request, s.status, s.headers, s.body, s.error
        from unnest(in_ids, in_numbers, in_outcomes, in_started, in_latencies, in_requests, in_statuses, in_headers, in_bodies, in_errors)
            as s(id, number, outcome, started, latency, request, status, headers, body, error)
        where s.number > 0 and not exists (select from messages m where m.id = any(array[s.id]) and m.latency_ms is not null
            and m.attempts = s.number)
        on conflict do nothing;

        -- What was told by a status before the answer came is not overwritten, but its provider's id may be new.
        update messages m set attempts = greatest(m.attempts, s.number), provider_id = coalesce(m.provider_id, s.provider)
        from unnest(in_ids, in_numbers, in_provider_ids) as s(id, number, provider)
        where s.provider is not null and m.id = any(array[s.id]) and m.attempts < s.number;
    end if;

    if exists (select from unnest(in_pauses) as p where p > 0) then
        insert into message_channels as c (channel, paused_until, reason, error_code)
        select distinct on (m.channel) m.channel, clock_timestamp() + make_interval(secs => s.pause), s.error, s.code
        from unnest(in_ids, in_pauses, in_errors, in_codes) as s(id, pause, error, code) join messages m on m.id = any(array[s.id])
        where s.pause > 0 order by m.channel, s.pause desc
        on conflict (channel) do update set paused_until = greatest(c.paused_until, excluded.paused_until),
            reason = excluded.reason, error_code = excluded.error_code;
    elsif exists (select from message_channels) then
        delete from message_channels c where c.channel in (
            select m.channel from unnest(in_ids, in_outcomes) as s(id, outcome) join messages m on m.id = any(array[s.id])
                where s.outcome = 'delivered');
    end if;

    -- The circuits: a success closes; failures in a row open, for longer each time. In a row are those that ended after the last
    -- success of an endpoint (attempts come here as they ended). Everyone takes endpoints in their order, so that no two wait
    -- for each other.
    if exists (select from webhook_endpoints e where e.failures > 0) then
        well := array(
            select distinct x.id from unnest(in_ids, in_outcomes) as s(id, outcome)
            cross join lateral (select y.organization, y.recipient from messages y where y.id = s.id and y.channel = 'webhook' limit 1) m
            cross join lateral (select y.id, y.failures from webhook_endpoints y where y.organization = m.organization
                and y.url = m.recipient limit 1) x
            where s.outcome = 'delivered' and x.failures > 0);
        update webhook_endpoints e set failures = 0, trips = 0, open_until = null, probed_at = null
        where e.id in (select x.id from webhook_endpoints x where x.id = any(well) order by x.id for update);
    end if;
    if 'failed' = any(in_outcomes) or 'lost' = any(in_outcomes) or 410 = any(in_statuses) then
        for failing in
            select r.organization, r.recipient, count(*) filter (where r.n > r.succeeded)::int as times, bool_or(r.status = 410) as gone
            from (
                select m.organization, m.recipient, s.n, s.status, s.outcome, coalesce(max(s.n) filter (where s.outcome = 'delivered')
                    over (partition by m.organization, m.recipient), 0) as succeeded
                from unnest(in_ids, in_outcomes, in_statuses) with ordinality as s(id, outcome, status, n)
                join messages m on m.id = any(array[s.id])
                where m.channel = 'webhook') r
            where (r.outcome in ('failed', 'lost') and r.n > r.succeeded) or r.status = 410
            group by 1, 2 order by 1, 2
        loop
            insert into webhook_endpoints as e (organization, url, failures, closed_at, closed_reason)
            values (failing.organization, failing.recipient, failing.times, case when failing.gone then clock_timestamp() end,
                case when failing.gone then 'It answered 410 (gone).' end)
            on conflict (organization, url) do update set
                failures = e.failures + failing.times,
                closed_at = coalesce(e.closed_at, excluded.closed_at), closed_reason = coalesce(e.closed_reason, excluded.closed_reason);
            update webhook_endpoints e set trips = e.trips + 1, probed_at = null,
                open_until = clock_timestamp() + least(interval '10 s' * power(2, least(e.trips, 10)), interval '5 min')
            where e.organization = failing.organization and e.url = failing.recipient and e.failures >= in_trip_after;
        end loop;
    end if;
end $function$;

CREATE OR REPLACE FUNCTION messages_take(in_ids uuid[], in_drives integer[])
 RETURNS TABLE(id uuid, organization text, channel text, recipient text, event_type text, body text, state text, attempts integer, spent integer, age double precision, quiet double precision, secret text, previous_secret text, closed_reason text, wait double precision)
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
declare probes uuid[];
begin
    if exists (select from messages m where m.id = any(in_ids) and m.channel = 'whatsapp') then
        update messages m set state = case m.state when 'sending' then 'uncertain' else 'sending' end,
            error = case m.state when 'sending' then 'Its worker ended while it was sent.' end,
            sent_at = clock_timestamp(), next_at = null
        from unnest(in_ids, in_drives) as t(id, drive)
        where m.id = any(array[t.id]) and m.drive = t.drive and m.channel = 'whatsapp'
          and (m.state = 'sending' or (m.state = 'pending' and not exists (
              select from message_channels c where c.channel = m.channel and c.paused_until > clock_timestamp())));
    end if;
    if exists (select from webhook_endpoints e where e.open_until <= clock_timestamp()) then
        probes := array(
            select x.id from unnest(in_ids) as t(id)
            cross join lateral (select y.organization, y.recipient from messages y where y.id = t.id and y.channel = 'webhook' limit 1) m
            cross join lateral (select y.id, y.open_until from webhook_endpoints y where y.organization = m.organization
                and y.url = m.recipient limit 1) x
            where x.open_until is not null);
        with probed as (
            update webhook_endpoints e set open_until = clock_timestamp() + interval '30 s', probed_at = clock_timestamp()
            where e.id = any(probes) and e.open_until <= clock_timestamp()
            returning e.id
        )
        select array_agg(p.id) into probes from probed p;
    end if;
    return query
    select m.id, m.organization, m.channel, m.recipient, m.event_type, m.body::text, m.state, m.attempts, m.spent,
        extract(epoch from clock_timestamp() - m.created_at)::float8, extract(epoch from clock_timestamp() - m.sent_at)::float8,
        e.secret, case when e.previous_until > clock_timestamp() then e.previous_secret end, e.closed_reason,
        greatest(
            case when e.id <> all(coalesce(probes, '{}')) then least(extract(epoch from e.open_until - clock_timestamp()),
                case when e.probed_at is not null and e.open_until > clock_timestamp() then 1 end) end,
            extract(epoch from c.paused_until - clock_timestamp()))::float8
    from unnest(in_ids, in_drives) as t(id, drive)
    cross join lateral (select * from messages x where x.id = t.id and x.drive = t.drive limit 1) m
    left join lateral (select * from webhook_endpoints x where m.channel = 'webhook' and x.organization = m.organization
        and x.url = m.recipient limit 1) e on true
    left join message_channels c on c.channel = m.channel;
end $function$;

CREATE OR REPLACE FUNCTION payments_move_forward()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
    raise exception 'payment % is % and cannot become %', old.id, old.status, new.status using errcode = 'check_violation';
end $function$;

CREATE OR REPLACE FUNCTION reservations_end_once()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
    raise exception 'reservation % is % and cannot become %', old.id, old.status, new.status using errcode = 'check_violation';
end $function$;

CREATE OR REPLACE FUNCTION stream_append(in_stream text, in_shards smallint[], in_heads bigint[], in_entry_shards smallint[], in_offsets bigint[], in_payloads bytea[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare found int;
begin
    -- In the order of the shards, so that two appenders cannot block each other. A row that had to be waited for is
    -- compared as the other transaction has left it.
    select count(*) into found from (
        select from stream_shards s join unnest(in_shards, in_heads) as n(shard, head) on n.shard = s.shard and n.head = s.head
        where s.stream = in_stream order by s.shard for update of s) locked;
    if found <> cardinality(in_shards) then
        raise exception 'another process has appended to %', in_stream using errcode = 'TD002';
    end if;
    insert into stream_entries (stream, shard, entry_offset, payload)
    select in_stream, e.shard, e.entry_offset, e.payload
    from unnest(in_entry_shards, in_offsets, in_payloads) as e(shard, entry_offset, payload);
    update stream_shards s set head = n.head
    from (select shard, max(entry_offset) as head from unnest(in_entry_shards, in_offsets) as e(shard, entry_offset) group by shard) n
    where s.stream = in_stream and s.shard = n.shard;
    -- One notification a transaction, however many entries.
    perform pg_notify('tandem_stream', in_stream);
end $function$;

CREATE OR REPLACE FUNCTION stream_commit(in_stream text, in_group text, in_owner text, in_shards smallint[], in_epochs bigint[], in_from bigint[], in_to bigint[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
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
end $function$;


-- Views

create view message_deliveries as
 SELECT deliveries.message_id,
    deliveries.number,
    deliveries.outcome,
    deliveries.started_at,
    deliveries.latency_ms,
    deliveries.request,
    deliveries.status,
    deliveries.response_headers,
    deliveries.response_body,
    deliveries.error
   FROM deliveries
UNION ALL
 SELECT messages.id AS message_id,
    messages.attempts AS number,
    'delivered'::text AS outcome,
    messages.sent_at AS started_at,
    messages.latency_ms,
    messages.request,
    messages.status,
    messages.response_headers,
    messages.response_body,
    NULL::text AS error
   FROM messages
  WHERE (messages.latency_ms IS NOT NULL);

create view schedule_runs as
 SELECT f.id,
    f.key,
    f.scheduled_for,
    f.reason,
    f.fired_at,
    f.job_id,
    now.status,
    now.started_at,
    now.finished_at,
    now.error,
    f.background_job_id
   FROM (((((schedule_fires f
     LEFT JOIN jobs j ON (((j.id = f.job_id) AND (f.status <> 'succeeded'::text))))
     LEFT JOIN hangfire.job b ON (((b.id = f.background_job_id) AND (f.status <> 'succeeded'::text))))
     LEFT JOIN hangfire.state s ON ((s.id = b.stateid)))
     LEFT JOIN LATERAL ( SELECT d.started_at,
            d.finished_at
           FROM job_done d
          WHERE ((f.status <> 'succeeded'::text) AND (j.id IS NULL) AND (d.id = f.job_id))
         LIMIT 1) done ON (true))
     CROSS JOIN LATERAL ( SELECT 'succeeded'::text AS status,
            done.started_at,
            done.finished_at,
            NULL::text AS error
          WHERE (done.finished_at IS NOT NULL)
        UNION ALL
         SELECT
                CASE j.state
                    WHEN 'running'::text THEN 'running'::text
                    WHEN 'dead'::text THEN 'failed'::text
                    WHEN 'cancelled'::text THEN 'cancelled'::text
                    ELSE 'pending'::text
                END AS "case",
            j.started_at,
            j.finished_at,
            ((j.errors -> '-1'::integer) ->> 'error'::text)
          WHERE (j.id IS NOT NULL)
        UNION ALL
         SELECT
                CASE b.statename
                    WHEN 'Processing'::text THEN 'running'::text
                    WHEN 'Succeeded'::text THEN 'succeeded'::text
                    WHEN 'Failed'::text THEN 'failed'::text
                    WHEN 'Deleted'::text THEN 'cancelled'::text
                    ELSE 'pending'::text
                END AS "case",
            ( SELECT max(p.createdat) AS max
                   FROM hangfire.state p
                  WHERE ((p.jobid = b.id) AND (p.name = 'Processing'::text))) AS max,
                CASE
                    WHEN (b.statename = ANY (ARRAY['Succeeded'::text, 'Failed'::text, 'Deleted'::text])) THEN s.createdat
                    ELSE NULL::timestamp with time zone
                END AS "case",
            ( SELECT (e.data ->> 'ExceptionMessage'::text)
                   FROM hangfire.state e
                  WHERE ((e.jobid = b.id) AND (e.name = 'Failed'::text))
                  ORDER BY e.id DESC
                 LIMIT 1)
          WHERE (b.id IS NOT NULL)
        UNION ALL
         SELECT
                CASE
                    WHEN (f.status = ANY (ARRAY['pending'::text, 'running'::text])) THEN 'cancelled'::text
                    ELSE f.status
                END AS status,
            f.started_at,
            f.finished_at,
                CASE
                    WHEN (f.status = ANY (ARRAY['pending'::text, 'running'::text])) THEN 'Its job is no longer there.'::text
                    ELSE f.error
                END AS error
          WHERE ((j.id IS NULL) AND (b.id IS NULL) AND (done.finished_at IS NULL))) now);


-- Triggers

CREATE TRIGGER jobs_announce AFTER INSERT ON jobs REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION jobs_announce();
CREATE TRIGGER messages_check_transition AFTER UPDATE OF state ON messages FOR EACH ROW WHEN (((old.state IS DISTINCT FROM new.state) AND (NOT ((old.state = ANY (ARRAY['pending'::text, 'sending'::text])) AND (new.state = ANY (ARRAY['delivered'::text, 'dead'::text])))))) EXECUTE FUNCTION messages_check_transition();
CREATE TRIGGER payments_move_forward BEFORE UPDATE OF status ON payments FOR EACH ROW WHEN ((array_position(ARRAY['pending'::text, 'failed'::text, 'succeeded'::text, 'refunded'::text], new.status) < array_position(ARRAY['pending'::text, 'failed'::text, 'succeeded'::text, 'refunded'::text], old.status))) EXECUTE FUNCTION payments_move_forward();
CREATE TRIGGER reservations_end_once BEFORE UPDATE OF status ON reservations FOR EACH ROW WHEN (((old.status <> 'held'::text) AND (new.status <> old.status))) EXECUTE FUNCTION reservations_end_once();
