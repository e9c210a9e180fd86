using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using App.Energy.Readings.Ingest;
using App.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace App.Tests.Energy.Readings.Ingest;

/// <summary>Many requests, few commits; and no more of them than memory holds.</summary>
public sealed class GroupCommitTests(AppHost host) : IClassFixture<AppHost>
{
    [Fact]
    public async Task Requests_at_once_share_commits()
    {
        using var http = host.ClientOfItsOwn();
        await http.SendAsync(Post.Body(Post.Item("first", Post.NewYear, 1)));
        var before = await CommitsAsync();
        Task<PostAnswer>[] requests;
        await using (var connection = await host.Source.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            // While the shards are held the first group cannot commit, and the others gather behind it.
            await using var locking = new Npgsql.NpgsqlCommand("select from stream_shards for update", connection, transaction);
            await locking.ExecuteNonQueryAsync();
            requests = [.. Enumerable.Range(0, 100).Select(i => http.SendAsync(Post.Body(Post.Item($"h{i}", Post.NewYear, i))))];
            var commit = host.Services.GetRequiredService<GroupCommit>();
            await Poll.UntilAsync("all wait", () => Task.FromResult(commit.Waiting == requests.Length));
            Assert.DoesNotContain(requests, request => request.IsCompleted);
            await transaction.CommitAsync();
        }
        Assert.All(await Task.WhenAll(requests), answer => Assert.Equal((1, 1), answer.Counts));
        Assert.InRange(await CommitsAsync() - before, 1, 50);
    }

    [Fact]
    public async Task Readings_that_cannot_be_stored_in_time_are_refused_until_there_is_room()
    {
        using var http = host.ClientOfItsOwn();
        var commit = host.Services.GetRequiredService<GroupCommit>();
        List<Task<PostAnswer>> requests = [];
        await using (var connection = await host.Source.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await using var locking = new Npgsql.NpgsqlCommand("select from stream_shards for update", connection, transaction);
            await locking.ExecuteNonQueryAsync();
            for (var i = 0; i < 5; i++)
            {
                var lines =
                    string.Concat(Enumerable.Range(0, 100_000)
                        .Select(at => $$"""{"buildingId":"big{{i}}","ts":{{Post.NewYear + at}},"watts":1}""" + "\n"));
                requests.Add(http.SendAsync(Post.Content(Encoding.UTF8.GetBytes(lines), "application/x-ndjson")));
            }
            while (!commit.IsFull) await http.GetStringAsync("/healthz");
            using var response = await http.PostAsync("/ingest/readings",
                Post.Content(Encoding.UTF8.GetBytes(Post.Body(Post.Item("late", Post.NewYear, 1)))));
            Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
            Assert.Equal(TimeSpan.FromSeconds(1), response.Headers.RetryAfter!.Delta);
            await transaction.CommitAsync();
        }
        Assert.All(await Task.WhenAll(requests), answer => Assert.Equal((100_000, 100_000), answer.Counts));
        Assert.Equal((1, 1), (await http.SendAsync(Post.Body(Post.Item("late", Post.NewYear, 1)))).Counts);
    }

    [Fact]
    public async Task Bodies_that_are_still_coming_in_leave_room_or_others_are_told_to_wait()
    {
        await using var own = await AppHost.StartAsync();
        var open = new List<TcpClient>();
        PostAnswer answer;
        do
        {
            Assert.InRange(open.Count, 0, 30);
            var client = new TcpClient();
            open.Add(client);
            await client.ConnectAsync(own.Address.Host, own.Address.Port);
            // Enough of the body for the server not to find it slow: what comes too slowly is cut off after seconds.
            var length = (16 * 1024 * 1024).ToString(CultureInfo.InvariantCulture);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
                $"POST /ingest/readings HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {AppHost.AdminKey}\r\nContent-Type: "
                + $"application/json\r\nContent-Length: {length}\r\n\r\n{new string(' ', 64 * 1024)}{{"));
            answer = await own.Http.SendAsync(Post.Body(Post.Item("h", Post.NewYear, 1)));
        }
        while (answer.Status == HttpStatusCode.Accepted);
        Assert.Equal(HttpStatusCode.TooManyRequests, answer.Status);
        foreach (var client in open) client.Dispose();
        while (answer.Status == HttpStatusCode.TooManyRequests)
            answer = await own.Http.SendAsync(Post.Body(Post.Item("h", Post.NewYear, 1)));
        Assert.Equal(HttpStatusCode.Accepted, answer.Status);
    }

    // Each transaction that has appended left its number on its entries.
    private Task<long> CommitsAsync() => host.ScalarAsync<long>("select count(distinct xmin::text) from stream_entries");
}
