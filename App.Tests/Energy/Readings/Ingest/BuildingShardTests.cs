using App.Engines.Streams;

namespace App.Tests.Energy.Readings.Ingest;

public sealed class BuildingShardTests
{
    [Theory]
    [InlineData("default", "h1", 16, 8)]
    [InlineData("default", "h2", 16, 6)]
    [InlineData("acme", "h1", 16, 6)]
    [InlineData("default", "house-100000", 16, 10)]
    [InlineData("default", "h1", 1024, 488)]
    [InlineData("o", "", 7, 2)]
    public void The_shard_of_a_building_never_changes(string organization, string building, int shards, int expected) =>
        Assert.Equal(expected, ShardHash.Of(organization, building, shards));

    [Fact]
    public void Buildings_spread_evenly()
    {
        foreach (var shards in new[] { 3, 16, 64 })
        {
            var counts = Enumerable.Range(0, 1000 * shards)
                .GroupBy(i => ShardHash.Of("default", $"house-{i}", shards)).Select(group => group.Count()).ToList();
            Assert.Equal(shards, counts.Count);
            Assert.All(counts, count => Assert.InRange(count, 850, 1150));
        }
    }
}
