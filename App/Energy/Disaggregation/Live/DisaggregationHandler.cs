using App.Energy.Readings;
using App.Engines.Models;
using App.Engines.Streams;
using Npgsql;

namespace App.Energy.Disaggregation.Live;

/// <summary>
/// The consumer group that turns readings into predictions. Houses that are known here and go on in order take the fast
/// path; all others of the batch are rebuilt together from the store.
/// </summary>
internal sealed class DisaggregationHandler(NpgsqlDataSource source, ReadingStore store, ActiveModels models, DisaggregationMetrics metrics)
    : IStreamHandler
{
    /// <summary>Name of the group, and of the model.</summary>
    public const string Name = "disaggregation";

    private const int MostHouses = 400_000;

    // More at once is hardly faster, and what lies between the model's layers grows with it.
    private const int WindowsAtOnce = 64;

    private readonly Dictionary<short, Dictionary<int, LiveHouse>> shards = [];
    private readonly List<Cell> closed = [];
    private WindowBatch? windows;
    private int version;
    private int predicted;

    private sealed record Batched(int Building, int Meter, short Shard, List<Reading> Readings);

    /// <inheritdoc/>
    public string Stream => ReadingStore.Stream;

    /// <inheritdoc/>
    public string Group => Name;

    /// <inheritdoc/>
    public bool EffectsAreDerived => true;

    /// <inheritdoc/>
    public string? WaitsFor => models.Get(Name) is { Serving: null } slot ? slot.Fault ?? "no model is active" : null;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<NpgsqlBatchCommand>> HandleAsync(IReadOnlyList<StreamEntry> entries, CancellationToken ct)
    {
        using var model = models.Get(Name).Acquire() ?? throw new InvalidOperationException("The model has gone: the stream waits.");
        if (model.VersionId != version)
        {
            // Houses keep as many minutes as the model's window is long.
            shards.Clear();
            windows = new WindowBatch(model.Model.Spec, WindowsAtOnce);
            version = model.VersionId;
        }
        // What a batch that failed has left.
        windows!.Clear();
        var predictions = new PredictionBatch(model, windows, metrics);
        var window = model.Model.Spec.Window;
        var slow = new List<Batched>();
        foreach (var house in ByHouse(entries))
        {
            if (shards.TryGetValue(house.Shard, out var houses) && houses.TryGetValue(house.Building, out var live)
                && house.Readings[0].Ts >= live.LastTs)
                live.Add(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(house.Readings), closed,
                    (cells, firstStart, known) => predictions.AddNew(house.Building, cells, firstStart, known));
            else
                slow.Add(house);
        }
        if (slow.Count > 0) await RebuildAsync(slow, entries, predictions, window, ct);

        var effects = predictions.Effects();
        predicted = predictions.Count;
        return effects;
    }

    /// <inheritdoc/>
    public void Committed() => metrics.Committed(predicted);

    /// <inheritdoc/>
    public void Forget(short shard) => shards.Remove(shard);

    private static List<Batched> ByHouse(IReadOnlyList<StreamEntry> entries)
    {
        var houses = new Dictionary<int, Batched>();
        foreach (var entry in entries)
            foreach (var run in ReadingCodec.ReadEntry(entry.Payload))
            {
                if (!run.IsMains) continue;
                if (!houses.TryGetValue(run.BuildingKey, out var house))
                    houses[run.BuildingKey] = house = new Batched(run.BuildingKey, run.MeterKey, entry.Shard, []);
                house.Readings.AddRange(run.Readings);
            }
        foreach (var house in houses.Values) SortByTime(house.Readings);
        return [.. houses.Values];
    }

    // Later entries stand behind earlier ones, so a stable sort leaves the reading that holds last among equals.
    private static void SortByTime(List<Reading> readings)
    {
        for (var i = 1; i < readings.Count; i++)
        {
            if (readings[i].Ts >= readings[i - 1].Ts) continue;
            var sorted = readings.OrderBy(reading => reading.Ts).ToList();
            readings.Clear();
            readings.AddRange(sorted);
            return;
        }
    }

    private async Task RebuildAsync(List<Batched> slow, IReadOnlyList<StreamEntry> entries, PredictionBatch predictions, int window,
        CancellationToken ct)
    {
        var newest = await NewestAsync(slow, ct);
        var rebuilds =
            slow.ConvertAll(house =>
                new HouseRebuild(house.Building, house.Meter, house.Shard, house.Readings, newest[house.Building], window));
        var upTo = entries.GroupBy(entry => entry.Shard).ToDictionary(shard => shard.Key, shard => shard.Max(entry => entry.Offset));
        var stored = await store.LoadAsync([.. rebuilds.SelectMany(rebuild => rebuild.Spans)], upTo, ct);
        if (shards.Values.Sum(houses => houses.Count) > MostHouses) shards.Clear();
        foreach (var rebuild in rebuilds)
        {
            if (!shards.TryGetValue(rebuild.Shard, out var houses)) shards[rebuild.Shard] = houses = [];
            houses[rebuild.Building] = rebuild.Run(stored[rebuild.Meter], predictions);
        }
    }

    // Of a house that is not known here the newest block tells; entries that no block holds are read in any case.
    private async Task<Dictionary<int, long>> NewestAsync(List<Batched> slow, CancellationToken ct)
    {
        var newest = slow.ToDictionary(house => house.Building, house =>
            shards.TryGetValue(house.Shard, out var houses) && houses.TryGetValue(house.Building, out var live)
                ? live.LastTs : long.MinValue);
        await using var command =
            source.CreateCommand("select building_key, last_reading_at from meters where key = any($1) and last_reading_at is not null");
        command.Parameters.Add(new() { Value = slow.ConvertAll(house => house.Meter).ToArray() });
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            newest[reader.GetInt32(0)] = Math.Max(newest[reader.GetInt32(0)], ReadingStore.Ts(reader.GetDateTime(1)));
        return newest;
    }
}
