using System.Text;
using App.Engines.Streams;
using App.Tests.Fixtures;
using Npgsql;

namespace App.Tests.Engines.Streams;

/// <summary>A database with a table of counts, and streams of a test's own in it.</summary>
public sealed class StreamBench : IAsyncLifetime
{
    private readonly TestDatabase database = new();

    /// <summary>Connection string of the database.</summary>
    public string ConnectionString => database.ConnectionString;

    /// <summary>For queries of a test.</summary>
    public NpgsqlDataSource Source { get; private set; } = null!;

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        await database.InitializeAsync();
        Source = NpgsqlDataSource.Create(database.ConnectionString);
        await ExecuteAsync(
            "create table counts (stream text, consumer_group text, payload text, n int not null, "
            + "primary key (stream, consumer_group, payload))");
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        await Source.DisposeAsync();
        await database.DisposeAsync();
    }

    /// <summary>Makes a stream.</summary>
    public async Task<string> StreamAsync(int shards = 4)
    {
        var stream = $"s{Guid.NewGuid():N}";
        await StreamAppender.EnsureShardsAsync(Source, stream, shards, default);
        return stream;
    }

    /// <summary>Appends in a transaction of its own.</summary>
    public async Task AppendAsync(string stream, params (short Shard, string Payload)[] entries)
    {
        await using var connection = await Source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await StreamAppender.AppendAsync(connection, transaction, stream, Entries(entries), default);
        await transaction.CommitAsync();
    }

    /// <summary>Entries of texts.</summary>
    internal static IReadOnlyList<NewEntry> Entries(params (short Shard, string Payload)[] entries) =>
        [.. entries.Select(entry => new NewEntry(entry.Shard, Encoding.UTF8.GetBytes(entry.Payload)))];

    /// <summary>How often each payload has had its effect: <c>a 1, b 1</c>.</summary>
    public Task<string> CountsAsync(string stream, string group = "counting") =>
        TextAsync(
            "select string_agg(payload || ' ' || n, ', ' order by payload) from counts "
            + $"where stream = '{stream}' and consumer_group = '{group}'");

    /// <summary>One value as text; empty when null.</summary>
    public async Task<string> TextAsync(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        return Convert.ToString(await command.ExecuteScalarAsync(), System.Globalization.CultureInfo.InvariantCulture) ?? "";
    }

    /// <summary>Runs a statement.</summary>
    public async Task<int> ExecuteAsync(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        return await command.ExecuteNonQueryAsync();
    }

    /// <summary>Lets a member's leases and its membership run out, by the database's clock.</summary>
    public async Task ExpireAsync(string stream, string member)
    {
        await ExecuteAsync(
            "update stream_offsets set lease_expires_at = clock_timestamp() - interval '1 ms' "
            + $"where stream = '{stream}' and owner = '{member}'");
        await ExecuteAsync(
            "update stream_members set expires_at = clock_timestamp() - interval '1 ms' "
            + $"where stream = '{stream}' and member = '{member}'");
    }
}
