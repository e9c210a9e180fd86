using App.Platform.Database;
using Hangfire.PostgreSql;
using Hangfire.PostgreSql.Factories;
using Npgsql;

namespace App.Engines.Background;

/// <summary>
/// Where Hangfire keeps its jobs: schema <c>hangfire</c> of the application's database, made by our migrations and never by Hangfire.
/// </summary>
internal sealed class BackgroundStorage(Postgres postgres, BackgroundOptions options) : IConnectionFactory
{
    /// <summary>Over the application's pool of connections.</summary>
    public PostgreSqlStorage Create() => new(this, new PostgreSqlStorageOptions
    {
        PrepareSchemaIfNecessary = false,
        AllowDegradedModeWithoutStorage = false,
        QueuePollInterval = options.Poll,
        UseSlidingInvisibilityTimeout = true,
        InvisibilityTimeout = options.Invisibility,
        DistributedLockTimeout = options.LockTimeout,
    });

    /// <summary>Over one connection, for what is to be part of its transaction.</summary>
    public PostgreSqlStorage Over(NpgsqlConnection connection)
    {
        var over = new PostgreSqlStorageOptions { PrepareSchemaIfNecessary = false, DistributedLockTimeout = options.LockTimeout };
        return new(new ExistingNpgsqlConnectionFactory(connection, over), over);
    }

    /// <inheritdoc/>
    public NpgsqlConnection GetOrCreateConnection() => postgres.Source.CreateConnection();
}
