using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Migrations;

/// <summary>Runs that have not ended are counted, and old ones found, without looking at the others.</summary>
[DbContext(typeof(SchemaContext))]
[Migration("20261123000000_RunUpkeep")]
public sealed class M20261123_RunUpkeep : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
        create index runs_active on runs (status, created_at) where ended_at is null;
        create index runs_ended on runs (ended_at) where ended_at is not null;
        """);
}
