using System.Net.Http.Json;
using System.Text.Json;
using App.Tests.Fixtures;

namespace App.Tests.Engines.Jobs.Api;

/// <summary>Jobs as rows of a database of their own, and the calls that show and steer them. No worker runs.</summary>
public sealed class JobApi : IAsyncLifetime
{
    /// <summary>The server.</summary>
    public AppHost Host { get; private set; } = null!;

    /// <inheritdoc/>
    public Task InitializeAsync() => StartAsync(null);

    /// <summary>Starts on a database; null: one of its own.</summary>
    public async Task StartAsync(string? databaseUrl) => Host = await AppHost.StartAsync(databaseUrl);

    /// <inheritdoc/>
    public Task DisposeAsync() => Host.DisposeAsync().AsTask();

    /// <summary>Adds a job in a state.</summary>
    /// <param name="state">Any but succeeded.</param>
    /// <param name="kind">Kind.</param>
    /// <param name="organization">Whose.</param>
    /// <param name="error">Its last error.</param>
    /// <param name="args">JSON.</param>
    /// <param name="more">Other columns, as <c>name = SQL</c>.</param>
    public async Task<long> AddAsync(string state, string kind = "test.kind", string organization = "acme", string? error = null,
        string args = "{}", string more = "")
    {
        await using var command = Host.Source.CreateCommand("""
            insert into jobs (queue, kind, organization, state, priority, rank, max_attempts, args, run_at, finished_at, worker, waits_for,
                errors, started_at, attempt)
            values ('default', $1, $2, $3, 0, 0, 10, $4, case when $3 = 'scheduled' then now() + interval '1 hour' end, case
                when $3 in ('dead', 'cancelled') then now() end,
                case when $3 = 'running' then 1 end, case when $3 = 'waiting' then 'order:o1' end,
                case when $5 <> '' then jsonb_build_array(jsonb_build_object('attempt', 1, 'at', now(), 'worker', 1, 'error', $5)) end,
                    now(), 1)
            returning id
            """);
        foreach (var value in (string[])[kind, organization, state, args, error ?? ""]) command.Parameters.Add(new() { Value = value });
        var id = (long)(await command.ExecuteScalarAsync())!;
        if (more.Length > 0) await Host.ExecuteAsync($"update jobs set {more} where id = {id}");
        return id;
    }

    /// <summary>Adds a job that has succeeded.</summary>
    public Task<long> AddDoneAsync(string kind = "test.kind", string organization = "acme") => Host.ScalarAsync<long>($$"""
        insert into job_done (id, queue, kind, organization, priority, attempt, max_attempts, args, created_at, started_at, worker, result)
        values (nextval(pg_get_serial_sequence('jobs', 'id')), 'default', '{{kind}}', '{{organization}}', 0, 1, 10, '{"a":1}', now(), now(),
            1, '{"b":2}') returning id
        """);

    /// <summary>The JSON of a GET.</summary>
    public async Task<JsonElement> GetAsync(string path, HttpClient? client = null) =>
        await (client ?? Host.Http).GetFromJsonAsync<JsonElement>(path);

    /// <summary>The ids of a list, in order.</summary>
    public async Task<long[]> IdsAsync(string query, HttpClient? client = null) =>
        [.. (await GetAsync("/api/jobs" + query, client)).GetProperty("jobs")
            .EnumerateArray().Select(job => job.GetProperty("id").GetInt64())];

    /// <summary>The state of a job in the database.</summary>
    public Task<string> StateAsync(long id) =>
        Host.ScalarAsync<string>($"select coalesce((select state from jobs where id = {id}), 'gone')");
}
