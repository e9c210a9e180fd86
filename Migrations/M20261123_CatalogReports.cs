using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Migrations;

/// <summary>What Meta's catalog says of each item that it was last sent.</summary>
[DbContext(typeof(SchemaContext))]
[Migration("20261123000600_CatalogReports")]
public sealed class M20261123_CatalogReports : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
        create table catalog_reports (
            organization text collate "C" not null check (organization ~ '^[A-Za-z0-9._:-]{1,128}$'),
            item text collate "C" not null check (length(item) between 1 and 128),
            message_id uuid not null,
            -- Why it was not taken; null: it was.
            error text check (length(error) <= 1000),
            reported_at timestamptz not null default clock_timestamp(),
            primary key (organization, item)
        ) with (fillfactor = 70);
        create index catalog_reports_old on catalog_reports (reported_at);
        """);
}
