using App.Tests.Fixtures;

namespace App.Tests.Energy.Readings.Ingest;

/// <summary>What counts as stored: a reading that is new, or that has other watts than the one of its time.</summary>
public sealed class StoredCountTests(AppHost host) : IClassFixture<AppHost>
{
    [Fact]
    public async Task The_same_reading_twice_is_one()
    {
        using var http = host.ClientOfItsOwn();
        var item = Post.Item("h", Post.NewYear, 1);
        Assert.Equal((2, 1), (await http.SendAsync(Post.Body(item, item))).Counts);
        Assert.Equal((1, 0), (await http.SendAsync(Post.Body(item))).Counts);
        Assert.Single(await http.ReadingsAsync("h"));
    }

    [Fact]
    public async Task The_same_reading_from_twenty_requests_at_once_is_one()
    {
        using var http = host.ClientOfItsOwn();
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => http.SendAsync(Post.Body(Post.Item("h", Post.NewYear, 1)))));
        Assert.Equal(1, answers.Sum(answer => answer.Counts.Stored));
        Assert.Single(await http.ReadingsAsync("h"));
    }

    [Fact]
    public async Task A_corrected_reading_counts_and_replaces()
    {
        using var http = host.ClientOfItsOwn();
        Assert.Equal((1, 1), (await http.SendAsync(Post.Body(Post.Item("h", Post.NewYear, 1)))).Counts);
        Assert.Equal((1, 1), (await http.SendAsync(Post.Body(Post.Item("h", Post.NewYear, 2)))).Counts);
        Assert.Equal((2, 2), (await http.SendAsync(Post.Body(Post.Item("h", Post.NewYear, 3), Post.Item("h", Post.NewYear, 4)))).Counts);
        Assert.Equal((1, 1), (await http.SendAsync(Post.Body(Post.Item("h", Post.NewYear, -0.0)))).Counts);
        Assert.Equal(("mains", "2026-01-01T00:00:00Z", 0.0), Assert.Single(await http.ReadingsAsync("h")));
    }

    [Fact]
    public async Task A_reading_older_than_all_remembered_ones_twice_in_one_request_is_one()
    {
        using var http = host.ClientOfItsOwn();
        await http.SendAsync(Post.Body(Enumerable.Range(10, 8).Select(i => Post.Item("h", Post.NewYear + (i * 1000), i))));
        var old = Post.Item("h", Post.NewYear, 5);
        Assert.Equal((3, 1), (await http.SendAsync(Post.Body(old, old, old))).Counts);
        Assert.Equal(9, (await http.ReadingsAsync("h")).Count);
    }

    [Fact]
    public async Task Old_readings_are_known_from_blocks_and_entries_and_after_a_restart()
    {
        await using var database = await TestDatabase.CreateAsync();
        static IEnumerable<string> Items(int from, int count, int watts) =>
            Enumerable.Range(from, count).Select(i => Post.Item("h", Post.NewYear + (i * 1000L), i + watts));
        await using (var first = await AppHost.StartAsync(database.Url))
        {
            Assert.Equal((3000, 3000), (await first.Http.SendAsync(Post.Body(Items(0, 3000, 0)))).Counts);
            Assert.Equal((100, 0), (await first.Http.SendAsync(Post.Body(Items(700, 100, 0)))).Counts);
            Assert.Equal((100, 100), (await first.Http.SendAsync(Post.Body(Items(700, 100, 1)))).Counts);
            await BlockMover.RunAsync(first.Source);
            Assert.Equal((100, 0), (await first.Http.SendAsync(Post.Body(Items(700, 100, 1)))).Counts);
            // A late one that no block holds yet: what it says of its meter is not all that is known.
            Assert.Equal((1, 1), (await first.Http.SendAsync(Post.Body(Post.Item("h", Post.NewYear - 1000, 7)))).Counts);
        }
        await using var second = await AppHost.StartAsync(database.Url);
        Assert.Equal((50, 0), (await second.Http.SendAsync(Post.Body(Items(700, 50, 1)))).Counts);
        Assert.Equal((1, 0), (await second.Http.SendAsync(Post.Body(Post.Item("h", Post.NewYear - 1000, 7)))).Counts);
        Assert.Equal((50, 50), (await second.Http.SendAsync(Post.Body(Items(750, 50, 0)))).Counts);
        Assert.Equal((2, 1), (await second.Http.SendAsync(Post.Body(Items(2999, 2, 0)))).Counts);
        var readings = await second.Http.ReadingsAsync("h");
        Assert.Equal(3002, readings.Count);
        Assert.Equal(701, readings[701].Watts);
        Assert.Equal(750, readings[751].Watts);
    }

    [Fact]
    public async Task Two_processes_that_write_the_same_building_store_the_union_once()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var one = await AppHost.StartAsync(database.Url);
        await using var two = await AppHost.StartAsync(database.Url);
        var random = new Random(1);
        var sent = Enumerable.Range(0, 60).Select(_ => Enumerable.Range(0, 40).Select(_ => random.Next(600)).ToList()).ToList();
        var answers = await Task.WhenAll(sent.Select((times, i) =>
            (i % 2 == 0 ? one : two).Http.SendAsync(
                Post.Body(times.Select(at => Post.Item($"h{at % 3}", Post.NewYear + (at * 1000L), at))))));
        var union = sent.SelectMany(times => times).Distinct().Count();
        Assert.Equal(union, answers.Sum(answer => answer.Counts.Stored));
        var read = 0;
        for (var h = 0; h < 3; h++) read += (await two.Http.ReadingsAsync($"h{h}")).Count;
        Assert.Equal(union, read);
    }

    [Fact]
    public async Task The_last_of_two_processes_to_correct_a_reading_has_it()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var one = await AppHost.StartAsync(database.Url);
        await using var two = await AppHost.StartAsync(database.Url);
        Assert.Equal((1, 1), (await one.Http.SendAsync(Post.Body(Post.Item("h", Post.NewYear, 1)))).Counts);
        Assert.Equal((1, 1), (await two.Http.SendAsync(Post.Body(Post.Item("h", Post.NewYear, 2)))).Counts);
        Assert.Equal((1, 1), (await one.Http.SendAsync(Post.Body(Post.Item("h", Post.NewYear, 1)))).Counts);
        Assert.Equal(1, Assert.Single(await two.Http.ReadingsAsync("h")).Watts);
    }
}
