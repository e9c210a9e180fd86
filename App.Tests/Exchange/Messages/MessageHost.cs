using System.Net.Http.Json;
using System.Text.Json;
using App.Exchange.Messages;
using App.Platform.Database;
using App.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace App.Tests.Exchange.Messages;

/// <summary>The product with its worker, and a far side on loopback that it may reach.</summary>
internal sealed class MessageHost : IAsyncDisposable
{
    /// <summary>Signs webhooks to URLs that are not registered.</summary>
    public const string SigningSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    private MessageHost(AppHost app, HttpStub sink) => (App, Sink) = (app, sink);

    public AppHost App { get; }

    /// <summary>The far side.</summary>
    public HttpStub Sink { get; }

    public static async Task<MessageHost> StartAsync(params IReadOnlyList<(string Name, string Value)> more)
    {
        var sink = await HttpStub.StartAsync();
        return new(await AppHost.StartAsync(null, [
            ("WORKER_ENABLED", "true"), ("EGRESS_ALLOW", "127.0.0.1"), ("WEBHOOK_SIGNING_SECRET", SigningSecret),
            ("WEBHOOK_RETRY_SCHEDULE", "0,0.05,0.05,0.05"),
            ("RUN_INITIAL_ANALYSIS", "false"),
            .. more.Select(one => (one.Name, one.Value.Replace("{sink}", sink.Url.ToString().TrimEnd('/'))))]), sink);
    }

    /// <summary>A URL of the far side.</summary>
    public string UrlOf(string path) => new Uri(Sink.Url, path).ToString();

    /// <summary>Adds messages in a transaction of their own.</summary>
    public async Task AddAsync(params IReadOnlyList<NewMessage> messages)
    {
        await using var scope = App.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<AppDbContext>();
        await using var transaction = await db.Database.BeginTransactionAsync();
        await scope.ServiceProvider.GetRequiredService<Outbox>().AddManyAsync(db, messages, default);
        await transaction.CommitAsync();
    }

    /// <summary>A webhook of the operator's organization.</summary>
    public NewMessage Webhook(string path, string body = "{\"a\":1}") => new("default", MessageChannel.Webhook, UrlOf(path), body);

    /// <summary>Posts a message; its id.</summary>
    public async Task<Guid> PostAsync(string channel, string to, object body)
    {
        using var response = await App.Http.PostAsJsonAsync("/api/messages", new { channel, to, body });
        var text = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode == 202, text);
        return JsonElement.Parse(text).GetProperty("id").GetGuid();
    }

    /// <summary>A message with its deliveries, as the API answers it.</summary>
    public async Task<JsonElement> GetAsync(Guid id) => await App.Http.GetFromJsonAsync<JsonElement>($"/api/messages/{id}");

    /// <summary>The state in the database.</summary>
    public Task<string> StateAsync(Guid id) => App.ScalarAsync<string>($"select state from messages where id = '{id}'");

    /// <summary>Waits for a state.</summary>
    public Task UntilAsync(Guid id, string state) =>
        Poll.UntilAsync($"message {id} is {state}", async () => await StateAsync(id) == state,
            whatElse: () =>
                JsonSerializer.Serialize(App.Http.GetFromJsonAsync<JsonElement>($"/api/messages/{id}").GetAwaiter().GetResult()));

    /// <summary>Lets all that waits for its time come due.</summary>
    public Task ForwardAsync() =>
        App.ExecuteAsync(
            "update jobs set run_at = clock_timestamp() where state = 'scheduled' and queue = 'messages'; update webhook_endpoints "
            + "set open_until = clock_timestamp() where open_until is not null; update message_channels "
            + "set paused_until = clock_timestamp()");

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        await Sink.DisposeAsync();
    }
}
