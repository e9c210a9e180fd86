using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using App.Tests.Fixtures;

namespace App.Tests.Scenarios;

/// <summary>A real process of the product.</summary>
internal sealed partial class AppProcess : ChildProcess
{
    public const string Key = "the-operators-key-of-this-test";

    private AppProcess(ProcessStartInfo start) : base(start)
    {
    }

    /// <summary>Where it listens, once it does.</summary>
    public Uri Address { get; private set; } = new("http://localhost");

    /// <summary>Its name in leases.</summary>
    public string Name { get; private set; } = "";

    /// <summary>A client with the operator's key.</summary>
    public HttpClient Http { get; private set; } = new();

    /// <summary>Starts one that serves on a free port; <see cref="ReadyAsync"/> waits for it.</summary>
    /// <param name="databaseUrl">Null: an embedded database under the working directory, and a key made for development.</param>
    /// <param name="worker">Its role.</param>
    /// <param name="workingDirectory">Null: this process's.</param>
    /// <param name="more">Further variables.</param>
    public static AppProcess Start(string? databaseUrl, bool worker, string? workingDirectory = null,
        params (string Name, string Value)[] more)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "App.dll")])
        {
            WorkingDirectory = workingDirectory ?? Environment.CurrentDirectory,
        };
        foreach (var inherited in start.Environment.Keys.Where(name => name.EndsWith("DATABASE_URL", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(inherited);
        start.Environment["PORT"] = "0";
        start.Environment["ENV"] = "development";
        start.Environment["WORKER_ENABLED"] = worker ? "true" : "false";
        start.Environment["STREAM_SHARDS"] = "8";
        if (databaseUrl is not null)
        {
            start.Environment["DATABASE_URL"] = databaseUrl;
            start.Environment["ADMIN_API_KEY"] = Key;
        }
        foreach (var (name, value) in more) start.Environment[name] = value;
        return new AppProcess(start);
    }

    /// <summary>Starts one and waits until it is ready.</summary>
    public static async Task<AppProcess> StartReadyAsync(string databaseUrl, bool worker, params (string Name, string Value)[] more)
    {
        var started = Start(databaseUrl, worker, null, more);
        try
        {
            await started.ReadyAsync();
            return started;
        }
        catch
        {
            await started.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until it listens and says that it is ready.</summary>
    public async Task ReadyAsync(string key = Key)
    {
        await WroteAsync("Listening on ");
        Address = new Uri(ListeningOn().Match(Output).Groups["address"].Value);
        Http.Dispose();
        Http = new HttpClient
        {
            BaseAddress = Address,
            Timeout = Poll.Patience,
            DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", key) }
        };
        await Poll.UntilAsync("it is ready", async () => await StatusAsync("/health/ready") == 200, whatElse: () => Output);
        Name = (await Http.GetFromJsonAsync<JsonElement>("/health")).GetProperty("process").GetString()!;
    }

    /// <summary>Status of a call; 0 when it does not answer.</summary>
    public async Task<int> StatusAsync(string path)
    {
        try
        {
            using var response = await Http.GetAsync(path);
            return (int)response.StatusCode;
        }
        catch (HttpRequestException)
        {
            return 0;
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Http.Dispose();
    }

    [GeneratedRegex(@"Listening on ""?(?<address>http://\S+:\d+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ListeningOn();
}
