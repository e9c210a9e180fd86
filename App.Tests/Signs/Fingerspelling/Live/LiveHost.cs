using System.Net.Http.Json;
using System.Text.Json;
using App.Signs.Fingerspelling;
using App.Tests.Fixtures;

namespace App.Tests.Signs.Fingerspelling.Live;

/// <summary>The product in the web role, serving <see cref="LetterByPosition"/>.</summary>
public sealed class LiveHost : IAsyncLifetime, IAsyncDisposable
{
    private TestDatabase? database;

    public AppHost App { get; private set; } = null!;

    /// <summary>The database, for other processes on it.</summary>
    public string DatabaseUrl => database!.Url;

    /// <summary>Label of the version that serves.</summary>
    public string Model { get; private set; } = "";

    /// <summary>Another process on a database.</summary>
    public static async Task<LiveHost> StartAsync(string databaseUrl, params (string, string)[] variables)
    {
        var host = new LiveHost { App = await AppHost.StartAsync(databaseUrl, variables) };
        await Poll.UntilAsync("it has loaded the model",
            async () =>
                (await host.App.Http.GetFromJsonAsync<JsonElement>("/health")).GetProperty("live")
                    .GetProperty("status").GetString() == "up");
        return host;
    }

    public async Task InitializeAsync()
    {
        database = await TestDatabase.CreateAsync();
        App = await AppHost.StartAsync(database.Url);
        Model = await ActivateAsync(await RegisterAsync());
    }

    /// <summary>Registers a version that answers so many letters further; answers its number.</summary>
    public async Task<int> RegisterAsync(int shift = 0)
    {
        using var added = await App.Http.PostAsJsonAsync($"/api/models/{LetterModel.Task}/versions", new
        {
            spec = JsonElement.Parse(LetterByPosition.Spec.ToJson()),
            artifactBase64 = Convert.ToBase64String(LetterByPosition.Artifact(shift)),
        });
        Assert.True(added.IsSuccessStatusCode, await added.Content.ReadAsStringAsync());
        return (await added.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("version").GetInt32();
    }

    /// <summary>Activates a version; answers its label.</summary>
    public async Task<string> ActivateAsync(int version)
    {
        using var activated = await App.Http.PostAsync($"/api/models/{LetterModel.Task}/versions/{version}/activate", null);
        Assert.True(activated.IsSuccessStatusCode, await activated.Content.ReadAsStringAsync());
        return $"{LetterModel.Task}@{version}";
    }

    /// <summary>A ticket for the holder of a key.</summary>
    internal async Task<string> TicketAsync()
    {
        using var answer = await App.Http.PostAsync("/api/live/tickets", null);
        Assert.True(answer.IsSuccessStatusCode);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("ticket").GetString()!;
    }

    /// <summary>A connection with the operator's key.</summary>
    internal Task<LiveClient> ConnectAsync(string query = "") => LiveClient.ConnectAsync(App.Address, query, AppHost.AdminKey);

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        if (database is not null) await database.DisposeAsync();
    }

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();
}
