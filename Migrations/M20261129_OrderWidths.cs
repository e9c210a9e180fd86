using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Migrations;

/// <summary>
/// Orders whose jobs run side by side, announcements by queue, and webhook endpoints that say how they want to be called.
/// </summary>
[DbContext(typeof(SchemaContext))]
[Migration("20261129000002_OrderWidths")]
public sealed class M20261129_OrderWidths : Migration
{
    /// <inheritdoc/>
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
        -- How many jobs of the order may run at once; null: one.
        alter table jobs add column order_width smallint;

        -- When queues were last announced (jobs_announce). Those before, jobs_announced and jobs_announced_messages, go one
        -- release later: the trigger of the version before still uses them until it is replaced.
        create sequence jobs_announced_0;
        create sequence jobs_announced_1;
        create sequence jobs_announced_2;
        create sequence jobs_announced_3;
        create sequence jobs_announced_4;
        create sequence jobs_announced_5;
        create sequence jobs_announced_6;
        create sequence jobs_announced_7;

        alter table webhook_endpoints
            -- Attempts under way at once, over all workers.
            add column concurrency smallint not null default 16 check (concurrency between 1 and 64),
            -- Whether messages go out one at a time, in the order in which they were added.
            add column ordered boolean not null default false,
            -- When a message last set out to find whether an open circuit can be closed.
            add column probed_at timestamptz;
        -- Those that say more than nothing: few, and looked for with every message that is added.
        create index webhook_endpoints_paced on webhook_endpoints (organization) where ordered or concurrency <> 16;

        -- Messages of a recipient with the same key keep their order.
        alter table messages add column order_key text collate "C" check (length(order_key) between 1 and 128);
        """);
}
