using App.Energy.Readings;
using App.Tests.Fixtures;

namespace App.Tests.Energy.Disaggregation.Live;

/// <summary>Final predictions depend only on the readings: not on order, batches, repetitions, restarts or where readings lie.</summary>
public sealed class FinalPredictionsTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task However_readings_arrive_the_table_is_what_the_offline_path_computes(int seed)
    {
        await using var pipeline = await LivePipeline.StartAsync(database);
        var random = new Random(seed);
        var houses = Enumerable.Range(0, 12).Select(i => new TestHouse($"s{seed}-h{i}", (seed * 100) + (i / 3))).ToList();
        var arrivals = houses.Select((house, i) => (house.Name, Requests: house.Arrivals((seed * 1000) + i, (Disorder)(i % 3)))).ToList();
        while (arrivals.RemoveAll(house => house.Requests.Count == 0) >= 0 && arrivals.Count > 0)
        {
            var posts = arrivals.Where(_ => random.Next(2) == 0).Select(house => (house.Name, house.Requests.Dequeue())).ToArray();
            if (posts.Length > 0) await pipeline.PostAsync(posts);
            if (random.Next(3) > 0) await pipeline.ConsumeAsync();
            if (random.Next(12) == 0) await pipeline.WriteBlocksAsync();
            if (random.Next(25) == 0) await pipeline.RestartWorkerAsync();
        }
        await pipeline.ConsumeAsync();

        using var model = pipeline.Model();
        Assert.Contains(houses, house => OfflineRows.Cells(house.Truth).Exists(cell => cell.Low < cell.High));
        var compared = 0;
        foreach (var house in houses)
        {
            var (differences, finals) = await OfflineRows.CompareAsync(pipeline.Source, house.Name, model.Model, house.Truth);
            Assert.True(differences.Count == 0, string.Join(Environment.NewLine, differences));
            compared += finals;
        }
        Assert.InRange(compared, 2000, int.MaxValue);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_late_reading_that_joins_what_a_gap_had_ended_takes_last_words_back_also_beside_a_correction(bool restarted)
    {
        await using var pipeline = await LivePipeline.StartAsync(database);
        var name = $"joined-{restarted}";
        var start = new DateTimeOffset(2026, 4, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
        Reading At(int minute, double watts = 300) => new(start + (minute * 60_000), watts + minute);
        await pipeline.PostAsync((name, [.. Enumerable.Range(0, 41).Select(minute => At(minute)), At(46)]));
        await pipeline.ConsumeAsync();
        if (restarted) await pipeline.RestartWorkerAsync();
        await pipeline.PostAsync((name, [At(43), At(46, 500)]));
        await pipeline.ConsumeAsync();

        using var model = pipeline.Model();
        var truth = Enumerable.Range(0, 41)
            .Select(minute => At(minute)).Append(At(43)).Append(At(46, 500)).ToDictionary(reading => reading.Ts, reading => reading.Watts);
        var (differences, _) = await OfflineRows.CompareAsync(pipeline.Source, name, model.Model, truth);
        Assert.True(differences.Count == 0, string.Join(Environment.NewLine, differences));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_house_that_is_silent_for_hours_across_a_restart_gets_its_last_words(bool inBlocks)
    {
        await using var pipeline = await LivePipeline.StartAsync(database);
        var name = $"silent-{inBlocks}";
        var truth = new SortedDictionary<long, double>();
        var ts = new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
        foreach (var silentHours in new[] { 10, 3, 0 })
        {
            var readings = Enumerable.Range(0, 100).Select(i => new Reading(ts + (i * 60_000), 300 + (i * i % 700))).ToArray();
            foreach (var reading in readings) truth[reading.Ts] = reading.Watts;
            await pipeline.PostAsync((name, readings));
            await pipeline.ConsumeAsync();
            if (inBlocks) await pipeline.WriteBlocksAsync();
            await pipeline.RestartWorkerAsync();
            ts = readings[^1].Ts + (silentHours * 3_600_000);
        }
        using var model = pipeline.Model();
        var (differences, finals) = await OfflineRows.CompareAsync(pipeline.Source, name, model.Model, truth);
        Assert.True(differences.Count == 0, string.Join(Environment.NewLine, differences));
        Assert.InRange(finals, 170, 300);
    }

    [Fact]
    public async Task A_correction_through_one_process_is_corrected_back_through_another()
    {
        await using var first = await LivePipeline.StartAsync(database);
        await using var second = await LivePipeline.StartAsync(database);
        var ts = new DateTimeOffset(2026, 2, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
        Assert.Equal(1, (await first.PostAsync(("back", [new(ts, 100)]))).Stored);
        Assert.Equal(1, (await second.PostAsync(("back", [new(ts, 200)]))).Stored);
        Assert.Equal(1, (await first.PostAsync(("back", [new(ts, 100)]))).Stored);
        Assert.Equal(0, (await second.PostAsync(("back", [new(ts, 100)]))).Stored);
    }

    [Fact]
    public async Task A_damaged_entry_is_set_aside_and_the_houses_of_its_shard_go_on()
    {
        await using var pipeline = await LivePipeline.StartAsync(database);
        var house = new TestHouse("damaged", seed: 99);
        var requests = house.Arrivals(seed: 1, Disorder.SomeLate);
        for (var i = 0; requests.TryDequeue(out var readings); i++)
        {
            await pipeline.PostAsync((house.Name, readings));
            if (i % 60 == 30)
            {
                await using var damage = pipeline.Source.CreateCommand("""
                    with shard as (update stream_shards h set head = head + 1 from buildings b where b.building_id = 'damaged'
                        and h.shard = b.shard and h.stream = 'readings' returning h.shard, h.head)
                    insert into stream_entries (stream, shard, entry_offset, payload) select 'readings', shard, head, '\x09' from shard
                    """);
                await damage.ExecuteNonQueryAsync();
            }
            if (i % 25 == 0) await pipeline.RestartWorkerAsync();
            if (i % 5 == 0) await pipeline.ConsumeAsync();
        }
        await Poll.UntilAsync("the shard has come to its head", async () =>
        {
            await pipeline.ConsumeAsync();
            await using var lag =
                pipeline.Source.CreateCommand(
                    "select sum(h.head - o.committed) from stream_shards h join stream_offsets o on o.stream = h.stream "
                    + "and o.shard = h.shard where o.consumer_group = 'disaggregation'");
            return await lag.ExecuteScalarAsync() is 0m;
        });
        using var model = pipeline.Model();
        var (differences, finals) = await OfflineRows.CompareAsync(pipeline.Source, house.Name, model.Model, house.Truth);
        Assert.True(differences.Count == 0, string.Join(Environment.NewLine, differences));
        Assert.NotEqual(0, finals);
    }
}
