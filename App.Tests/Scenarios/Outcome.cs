using App.Energy.Disaggregation.Live;
using App.Energy.Readings;
using App.Engines.Models;
using App.Tests.Energy.Disaggregation.Live;
using App.Tests.Fixtures;
using Npgsql;

namespace App.Tests.Scenarios;

/// <summary>
/// Looks at the database of a scenario: who owns what, who has committed what, and whether everything is right at the end.
/// </summary>
internal sealed class Outcome(string connectionString) : IAsyncDisposable
{
    private readonly NpgsqlDataSource source = NpgsqlDataSource.Create(connectionString);

    /// <summary>Records every move of an offset with owner, epoch and time.</summary>
    public Task AuditAsync() => ExecuteAsync("""
        create table commit_log (n bigint generated always as identity, consumer_group text, shard smallint, owner text, epoch bigint,
            at timestamptz);
        create function log_commit() returns trigger language plpgsql as $$ begin
            insert into commit_log (consumer_group, shard, owner, epoch, at)
                values (new.consumer_group, new.shard, new.owner, new.epoch, clock_timestamp());
            return new;
        end $$;
        create trigger log_commit after update of committed on stream_offsets for each row
            when (old.committed <> new.committed) execute function log_commit();
        """);

    /// <summary>One value as text; empty when null.</summary>
    public async Task<string> TextAsync(string sql)
    {
        await using var command = source.CreateCommand(sql);
        return Convert.ToString(await command.ExecuteScalarAsync(), System.Globalization.CultureInfo.InvariantCulture) ?? "";
    }

    /// <summary>The database's clock.</summary>
    public async Task<DateTime> NowAsync()
    {
        await using var command = source.CreateCommand("select clock_timestamp()");
        return (DateTime)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Runs a statement.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Waits until live leases of the disaggregation's shards are held by these processes, by each at least one.</summary>
    /// <returns>The database's clock then.</returns>
    public async Task<DateTime> OwnedByAsync(params string[] owners)
    {
        var expected = string.Join(',', owners.Order(StringComparer.Ordinal));
        await Poll.UntilAsync($"all shards are owned by {expected}", async () => await TextAsync("""
            select count(*) filter (where owner is not null and lease_expires_at > clock_timestamp()) = 8 then_all from stream_offsets
                where consumer_group = 'disaggregation'
            """) == "True"
            && string.Join(',',
                (await TextAsync(
                    "select string_agg(distinct owner, ',') from stream_offsets where consumer_group = 'disaggregation'")).Split(',')
                    .Order(StringComparer.Ordinal)) == expected);
        return await NowAsync();
    }

    /// <summary>Waits until everything accepted has been consumed, then compares readings and predictions with what they must be.</summary>
    public async Task IsRightAsync(Load load)
    {
        await Poll.UntilAsync("every shard has come to its head",
            async () =>
                await TextAsync(
                    "select sum(h.head - coalesce(o.committed, 0)) from stream_shards h left join stream_offsets o on o.stream = h.stream "
                    + "and o.shard = h.shard and o.consumer_group = 'disaggregation'") == "0");
        Assert.Equal("0", await TextAsync("select count(*) from stream_dead_entries"));
        var shipped = ShippedModels.Find(DisaggregationHandler.Name)!;
        using var model = OnnxModel.Load(shipped.Artifact, shipped.Spec);
        foreach (var (name, accepted) in load.Houses)
        {
            Assert.NotEmpty(accepted);
            Assert.Equal(accepted, await StoredAsync(name));
            var (differences, _) = await OfflineRows.CompareAsync(source, name, model, accepted);
            Assert.True(differences.Count == 0, string.Join(Environment.NewLine, differences));
        }
    }

    public ValueTask DisposeAsync() => source.DisposeAsync();

    private async Task<Dictionary<long, double>> StoredAsync(string house)
    {
        await using var command =
            source.CreateCommand("select m.key, b.shard from meters m join buildings b on b.key = m.building_key where b.building_id = $1");
        command.Parameters.Add(new() { Value = house });
        await using var reader = await command.ExecuteReaderAsync();
        Assert.True(await reader.ReadAsync());
        var (meter, shard) = (reader.GetInt32(0), reader.GetInt16(1));
        var stored = await new ReadingStore(source).LoadAsync([new ReadingSpan(meter, shard, 0, long.MaxValue)], null, default);
        return stored[meter].ToDictionary(reading => reading.Ts, reading => reading.Watts);
    }
}
