using System.Net.Http.Headers;
using App.Platform.Auth;
using App.Platform.Configuration;
using App.Platform.Database;
using App.Platform.Serving;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace App.Tests.Fixtures;

/// <summary>
/// The product in this process, on a free port and a fresh database: a web role unless variables say otherwise. Use it
/// as <c>IClassFixture&lt;AppHost&gt;</c> or by <see cref="StartAsync"/>.
/// </summary>
public sealed class AppHost : IAsyncLifetime, IAsyncDisposable
{
    /// <summary>The operator's key.</summary>
    public const string AdminKey = "the-operators-key-of-these-tests";

    /// <summary>Signs JWTs.</summary>
    public const string JwtSecret = "a-secret-of-forty-bytes-for-these-tests!";

    private readonly Dictionary<string, string?> variables = new()
    {
        ["PORT"] = "0",
        ["WORKER_ENABLED"] = "false",
        ["ADMIN_API_KEY"] = AdminKey,
        ["JWT_SECRET_KEY"] = JwtSecret,
        ["LOG_LEVEL"] = "error",
        ["API_REQUESTS_PER_SECOND"] = "100000",
    };

    private TestDatabase? owned;
    private Server? server;
    private NpgsqlDataSource? source;

    /// <summary>A client that carries the operator's key.</summary>
    public HttpClient Http { get; private set; } = null!;

    /// <summary>Where it listens.</summary>
    public Uri Address => server!.Address;

    /// <summary>Its services.</summary>
    public IServiceProvider Services => server!.App.Services;

    /// <summary>Its database, past the product.</summary>
    public NpgsqlDataSource Source => source!;

    /// <summary>Starts one on a database that outlives it.</summary>
    /// <param name="databaseUrl">The database; null: a fresh one of its own.</param>
    /// <param name="more">Variables beside the usual ones.</param>
    public static async Task<AppHost> StartAsync(string? databaseUrl = null, params IReadOnlyList<(string Name, string Value)> more)
    {
        var host = new AppHost();
        foreach (var (name, value) in more) host.variables[name] = value;
        host.variables["DATABASE_URL"] = databaseUrl;
        await host.InitializeAsync();
        return host;
    }

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        if (variables.GetValueOrDefault("DATABASE_URL") is null) variables["DATABASE_URL"] = (owned = await TestDatabase.CreateAsync()).Url;
        source = NpgsqlDataSource.Create(DatabaseUrl.Parse(variables["DATABASE_URL"]!).ConnectionString!);
        server = await Server.StartAsync(Program.ComposeAsync, Variables.Of(variables), default);
        Http = Client(AdminKey);
    }

    /// <summary>A client that carries a key; null: none.</summary>
    public HttpClient Client(string? key) => new(Handler())
    {
        BaseAddress = Address,
        DefaultRequestHeaders = { Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key) },
    };

    /// <summary>
    /// A handler that sends a body only when it is asked to, where the request says so: after a second of silence the
    /// usual one sends it all the same, into a connection that a slow server is about to close.
    /// </summary>
    public static SocketsHttpHandler Handler() => new() { Expect100ContinueTimeout = TimeSpan.FromMinutes(2) };

    /// <summary>Makes a key.</summary>
    public async Task<string> NewKeyAsync(string organization, params string[] scopes)
    {
        await using var scope = Services.CreateAsyncScope();
        return await ApiKeyStore.CreateAsync(scope.ServiceProvider.GetRequiredService<AppDbContext>(), organization, "test",
            scopes, default);
    }

    /// <summary>A client of an organization that nobody else has, with all scopes.</summary>
    public HttpClient ClientOfItsOwn() => Client(Jwt.Of($"o{Guid.NewGuid():N}", "admin"));

    /// <summary>The first value of a query.</summary>
    public async Task<T> ScalarAsync<T>(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Runs a statement.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Http?.Dispose();
        if (server is not null) await server.DisposeAsync();
        if (source is not null) await source.DisposeAsync();
        if (owned is not null) await owned.DisposeAsync();
    }

    /// <inheritdoc/>
    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();
}
