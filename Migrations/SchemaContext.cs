using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Migrations;

/// <summary>
/// The context that migrations belong to. It has no entities: migrations are written by hand in SQL, because the
/// schema uses what EF cannot say (partitions, partial indexes, checks), and applying them must not cost the
/// building of the application's model at start.
/// </summary>
public sealed class SchemaContext(DbContextOptions<SchemaContext> options) : DbContext(options)
{
    /// <summary>A context for one connection string.</summary>
    public static SchemaContext Connect(string connectionString) =>
        new(new DbContextOptionsBuilder<SchemaContext>()
            .UseNpgsql(connectionString, npgsql => npgsql.CommandTimeout(600))
            .ConfigureWarnings(warnings => warnings.Ignore(RelationalEventId.PendingModelChangesWarning))
            .Options);
}
