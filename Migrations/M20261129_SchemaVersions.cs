using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Migrations;

/// <summary>What the database has been given of the schema: by which builds, and each function as it is now.</summary>
[DbContext(typeof(SchemaContext))]
[Migration("20261129000001_SchemaVersions")]
public sealed class M20261129_SchemaVersions : Migration
{
    /// <inheritdoc/>
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
        -- Schemas that the database has been brought up to, by their hash (SchemaVersion). A build that finds its own has nothing
        -- to do, even where a later build has changed functions since: what is newer stays.
        create table schema_versions (
            fingerprint text primary key,
            applied_at timestamptz not null default clock_timestamp()
        );

        -- Files of functions as they were last applied, so that only those that have changed are applied again.
        create table schema_functions (
            name text primary key,
            hash text not null,
            applied_at timestamptz not null default clock_timestamp()
        );
        """);
}
