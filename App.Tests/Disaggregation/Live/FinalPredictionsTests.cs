using App.Tests.Fixtures;

namespace App.Tests.Disaggregation.Live;

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
        var compared = 0;
        foreach (var house in houses)
        {
            var (differences, finals) = await OfflineRows.CompareAsync(pipeline.Source, house.Name, model.Model, house.Truth);
            Assert.True(differences.Count == 0, string.Join(Environment.NewLine, differences));
            compared += finals;
        }
        Assert.InRange(compared, 2000, int.MaxValue);
    }
}
