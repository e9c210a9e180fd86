using App.Tests.Fixtures;

namespace App.Tests.Runs;

/// <summary>The product as web and worker with short pauses, and the far side that its steps call.</summary>
public sealed class RunsHost : IAsyncLifetime
{
    private HttpStub stub = null!;

    /// <summary>The product.</summary>
    public AppHost App { get; private set; } = null!;

    /// <summary>A client with the operator's key.</summary>
    public HttpClient Http => App.Http;

    internal HttpStub Stub => stub;

    public async Task InitializeAsync()
    {
        stub = await HttpStub.StartAsync();
        App = await AppHost.StartAsync(null,
            ("WORKER_ENABLED", "true"), ("PIPELINE_ENABLED", "false"), ("EGRESS_ALLOW", "127.0.0.1"), ("RETRY_BACKOFF_MS", "10"),
            ("HEARTBEAT_INTERVAL_MS", "5000"),
            ("OPENAI_API_KEY", "openai-key-of-this-test"), ("OPENAI_BASE_URL", stub.Url + "openai/v1"),
            ("ANTHROPIC_API_KEY", "anthropic-key-of-this-test"), ("ANTHROPIC_BASE_URL", stub.Url + "anthropic"),
            ("LLM_MONTHLY_TOKEN_BUDGET", "1000"));
    }

    public async Task DisposeAsync()
    {
        await App.DisposeAsync();
        await stub.DisposeAsync();
    }

    /// <summary>The URL of a path at the far side that no other test uses.</summary>
    internal (string Url, string Path) NewPath()
    {
        var path = "/" + Guid.NewGuid().ToString("N");
        return (stub.Url + path[1..], path);
    }
}
