using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Migrations;

/// <summary>A webhook endpoint may ask to be told which trace a message belongs to.</summary>
[DbContext(typeof(SchemaContext))]
[Migration("20261129000005_EndpointTraces")]
public sealed class M20261129_EndpointTraces : Migration
{
    /// <inheritdoc/>
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
        -- Whether messages carry the header of that name.
        alter table webhook_endpoints add column traceparent boolean not null default false;
        -- Those that say more than nothing: few, and looked for with every message that is added. The version before, while it
        -- still runs, looks through the organization's endpoints instead.
        create index webhook_endpoints_settings on webhook_endpoints (organization) where ordered or traceparent or concurrency <> 16;
        drop index webhook_endpoints_paced;
        """);
}
