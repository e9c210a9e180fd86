using App.Tests.Fixtures;

namespace App.Tests.Energy.Readings;

/// <summary>Blocks and entries together are what was sent, in whatever order it came.</summary>
public sealed class BlockWriterTests(AppHost host) : IClassFixture<AppHost>
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Readings_in_any_order_are_found_again_and_blocks_do_not_overlap(int seed)
    {
        var random = new Random(seed);
        var building = $"b{seed}";
        var naive = new SortedDictionary<long, double>();
        for (var round = 0; round < 12; round++)
        {
            // Some in a row, some anywhere in a month, some corrections.
            var start = random.Next(40_000);
            var times = Enumerable.Range(start, random.Next(900))
                .Concat(Enumerable.Range(0, random.Next(60)).Select(_ => random.Next(43_200)))
                .Concat(naive.Keys.Where(_ => random.Next(20) == 0).Select(ts => (int)((ts - Post.NewYear) / 60_000)))
                .Select(minute => Post.NewYear + (minute * 60_000L)).ToList();
            var items = times.Select(ts => (Ts: ts, Watts: (double)random.Next(5000))).ToList();
            foreach (var (ts, watts) in items) naive[ts] = watts;
            Assert.Equal(items.Count,
                (await host.Http.SendAsync(Post.Body(items.Select(item => Post.Item(building, item.Ts, item.Watts))))).Counts.Accepted);
            if (random.Next(3) > 0) await BlockMover.RunAsync(host.Source, 3);
            if (round % 4 == 3) await EqualAsync(building, naive);
        }
        await BlockMover.RunAsync(host.Source);
        await EqualAsync(building, naive);
        Assert.Equal(0, await host.ScalarAsync<long>(
            "select count(*) from reading_blocks a join reading_blocks b using (meter_key) where a.starts_at < b.starts_at "
            + "and b.starts_at <= a.ends_at"));
        Assert.Equal(naive.Count, await host.ScalarAsync<long>(
            "select sum(readings)::bigint from reading_blocks join meters m on m.key = meter_key "
            + $"join buildings b on b.key = m.building_key where b.building_id = '{building}'"));
    }

    [Fact]
    public async Task One_old_reading_does_not_rewrite_the_blocks_between()
    {
        for (var part = 0; part < 5; part++)
        {
            await host.Http.SendAsync(
                Post.Body(Enumerable.Range(part * 1024, 1024).Select(i => Post.Item("long", Post.NewYear + (i * 60_000L), 1))));
            await BlockMover.RunAsync(host.Source);
        }
        const string Blocks =
            "select string_agg(r.xmin::text, ',' order by starts_at) from reading_blocks r join meters m on m.key = meter_key "
            + "join buildings b on b.key = m.building_key where b.building_id = 'long'";
        var before = (await host.ScalarAsync<string>(Blocks)).Split(',');
        await host.Http.SendAsync(
            Post.Body(Post.Item("long", Post.NewYear + 30_000, 2), Post.Item("long", Post.NewYear + (6000 * 60_000L), 2)));
        await BlockMover.RunAsync(host.Source);
        var after = (await host.ScalarAsync<string>(Blocks)).Split(',');
        Assert.Equal(5, before.Length);
        Assert.Equal(4, before.Intersect(after).Count());
        Assert.Equal(5122, (await host.Http.ReadingsAsync("long")).Count);
    }

    private async Task EqualAsync(string building, SortedDictionary<long, double> naive)
    {
        var read = await host.Http.ReadingsAsync(building, "limit=3000");
        Assert.Equal(naive.Select(pair => (DateTimeOffset.FromUnixTimeMilliseconds(pair.Key), pair.Value)),
            read.Select(row => (DateTimeOffset.Parse(row.Ts), row.Watts)));
    }
}
