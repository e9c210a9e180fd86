using App.Platform.Configuration;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace App.Platform.Serving;

/// <summary>One running process of the product: database, schema, host; stopped in the reverse order.</summary>
internal sealed class Server : IAsyncDisposable
{
    private readonly DatabaseServer database;
    private readonly PlatformOptions options;
    private BackgroundService[] services = [];

    private Server(WebApplication app)
    {
        App = app;
        database = app.Services.GetRequiredService<DatabaseServer>();
        options = app.Services.GetRequiredService<PlatformOptions>();
    }

    /// <summary>The host.</summary>
    public WebApplication App { get; }

    /// <summary>Its address on loopback.</summary>
    public Uri Address { get; private set; } = new("http://localhost");

    /// <summary>The key made for development, which opens the console signed in; null where the operator has set one.</summary>
    public string? AdminKey => database.AdminKey;

    /// <summary>Composes and listens.</summary>
    /// <exception cref="InvalidVariablesException">The configuration has faults.</exception>
    /// <exception cref="UnavailableException">The database or the port cannot be had.</exception>
    /// <exception cref="FailedServiceException">A background service failed at once.</exception>
    public static async Task<Server> StartAsync(Composition compose, Variables variables, CancellationToken ct)
    {
        var server = new Server(await compose(variables, ct));
        try
        {
            await server.ListenAsync(ct);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            // The host then only says that its start was cancelled.
            server.ThrowIfServiceFailed();
            throw;
        }
    }

    /// <summary>Serves until the token or the host says stop, then drains.</summary>
    /// <exception cref="FailedServiceException">A background service failed, which stops the host, or could not be drained.</exception>
    public async Task RunToEndAsync(CancellationToken ct)
    {
        var lifetime = App.Services.GetRequiredService<IHostApplicationLifetime>();
        using var stop = ct.Register(lifetime.StopApplication);
        var stopped = new TaskCompletionSource();
        using var stopping = lifetime.ApplicationStopping.Register(stopped.SetResult);
        await stopped.Task;
        App.Logger.LogInformation("Draining");
        try
        {
            await App.StopAsync(CancellationToken.None);
        }
        catch (Exception e) when (IsOutOfTime(e))
        {
            App.Logger.LogWarning("DRAIN_SECONDS are over, and not everything has ended: what remains is cut off");
        }
        ThrowIfServiceFailed();
        App.Logger.LogInformation("Drained");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // Without it background services would be cut off in what they do. A second stop does nothing.
        await App.StopAsync(CancellationToken.None);
        await App.DisposeAsync();
        await database.DisposeAsync();
    }

    // The host stops as it would after SIGTERM, and the process would end with 0: nobody would start it again.
    private void ThrowIfServiceFailed()
    {
        foreach (var service in services)
            if (service.ExecuteTask is { IsFaulted: true, Exception: { } fault })
                throw new FailedServiceException(service.GetType().Name, fault.GetBaseException());
    }

    // A service that is still busy when the host's time is over may say so by this exception: Hangfire's servers do.
    private static bool IsOutOfTime(Exception e) => e is AggregateException several
        ? several.InnerExceptions.All(IsOutOfTime)
        : e is OperationCanceledException;

    private async Task ListenAsync(CancellationToken ct)
    {
        App.Logger.LogInformation("Starting as {Role:l}", options.Role);
        if (!options.Worker) App.Logger.LogInformation("Worker disabled - running in web-only mode");
        Listening.RequireFree(options.Port);
        // Kept here: asked for after a failed start, they would be gone.
        services = [.. App.Services.GetServices<IHostedService>().OfType<BackgroundService>()];
        await App.StartAsync(ct);
        var bound = App.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Address = new Uri($"http://localhost:{new Uri(bound.Replace("[::]", "localhost").Replace("0.0.0.0", "localhost")).Port}");
        App.Logger.LogInformation("Listening on {Address:l} with {Database:l}", Address.ToString(),
            database.IsEmbedded ? "the embedded PostgreSQL" : "the database of DATABASE_URL");
        // Written past the logger: this one line is meant to hold a key, the one made for development.
        if (AdminKey is not null) await Console.Out.WriteLineAsync($"\n  Open Tandem, signed in:  {Address}?key={AdminKey}\n");
    }
}
