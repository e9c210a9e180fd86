using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using App.Signs.Fingerspelling;
using App.Tests.Fixtures;

namespace App.Tests.Signs.Fingerspelling.Live;

/// <summary>Versions change under streaming clients.</summary>
public sealed class LiveSwapTests(LiveHost host) : IClassFixture<LiveHost>
{
    private const int Clients = 100;

    [Fact]
    public async Task Another_version_takes_over_under_100_clients_and_no_frame_is_lost()
    {
        var next = await host.RegisterAsync(shift: 1);
        var shifts = new Dictionary<string, int> { [host.Model] = 0, [$"{LetterModel.Task}@{next}"] = 1 };
        var (seenOld, seenNew) = (0, 0);
        var clients = await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => host.ConnectAsync()));
        var streams = clients.Select((client, index) => Task.Run(async () =>
        {
            // Each on its own letter, until it has been answered by the new version for a while.
            var letter = index % (Alphabet.Count - 1);
            for (var (seq, after) = (0u, 0); after < 20; seq++)
            {
                var answer = await client.AskAsync(seq, letter);
                Assert.Equal(seq, answer.GetProperty("seq").GetUInt32());
                var model = answer.GetProperty("model").GetString()!;
                Assert.Equal(((char)('A' + letter + shifts[model])).ToString(), answer.GetProperty("letter").GetString());
                if (shifts[model] == 1) after++;
                Interlocked.Increment(ref shifts[model] == 1 ? ref seenNew : ref seenOld);
                if (after > 0) Assert.Equal(1, shifts[model]);
            }
        })).ToList();
        await Poll.UntilAsync("all stream",
            () => Task.FromResult(Volatile.Read(ref seenOld) > 10 * Clients || streams.Any(stream => stream.IsFaulted)));
        await host.ActivateAsync(next);
        await Task.WhenAll(streams);
        Assert.True(seenNew >= 20 * Clients);

        await RefusesAsync(clients[0], next);
        foreach (var client in clients) client.Dispose();
        await host.ActivateAsync(next - 1);
    }

    private async Task RefusesAsync(LiveClient client, int serving)
    {
        var bad = await host.RegisterAsync(shift: 2);
        await host.App.ExecuteAsync($"update model_versions set artifact = '\\x0801' where name = 'fingerspelling' and version = {bad}");
        using var refused = await host.App.Http.PostAsync($"/api/models/{LetterModel.Task}/versions/{bad}/activate", null);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.StatusCode);
        var answer = await client.AskAsync(1, 0);
        Assert.Equal(($"{LetterModel.Task}@{serving}", "B"),
            (answer.GetProperty("model").GetString(), answer.GetProperty("letter").GetString()));
        var health = await host.App.Http.GetFromJsonAsync<JsonElement>("/health");
        Assert.Equal("up", health.GetProperty("live").GetProperty("status").GetString());
        Assert.Equal(Clients, health.GetProperty("live").GetProperty("details").GetProperty("connections").GetInt32());
    }
}
