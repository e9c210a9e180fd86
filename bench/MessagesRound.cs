using System.Diagnostics;
using App.Exchange.Messages;
using App.Platform.Database;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Bench;

/// <summary>A fresh database, messages written by this process, and workers in processes of their own.</summary>
internal sealed class MessagesRound : IAsyncDisposable
{
    private readonly NpgsqlDataSource source;
    private readonly ServiceProvider provider;
    private readonly List<Process> workers;
    private readonly int postmaster;

    private MessagesRound(NpgsqlDataSource source, ServiceProvider provider, List<Process> workers, int postmaster) =>
        (this.source, this.provider, this.workers, this.postmaster) = (source, provider, workers, postmaster);

    /// <summary>CPU seconds of the workers and of the database so far.</summary>
    public (double Worker, double Store) Cpu => (workers.Sum(worker => ProcessUsage.Cpu(worker.Id)), ProcessUsage.CpuOfTree(postmaster));

    public double WorkerMemory => workers.Max(worker => ProcessUsage.Memory(worker.Id).Peak);

    public static async Task<MessagesRound> StartAsync(NpgsqlDataSource server, CancellationToken ct, int workers = 1)
    {
        var url = await BenchDatabase.FreshAsync(server, "tandem_bench", ct);
        var connection = DatabaseUrl.Parse(url).ConnectionString!;
        await SchemaMigration.ApplyAsync(connection, ct);
        var own = NpgsqlDataSource.Create(connection);
        var started = Enumerable.Range(0, workers).Select(_ =>
            Process.Start(new ProcessStartInfo("dotnet",
                [Path.Combine(AppContext.BaseDirectory, "bench.dll"), "messages-worker", url])
            { RedirectStandardInput = true })!).ToList();
        return new MessagesRound(own, MessagesWorker.Services(url).Services.BuildServiceProvider(), started,
            await BenchDatabase.PostmasterAsync(own, ct));
    }

    public async Task BeginAsync()
    {
        foreach (var worker in workers)
        {
            await worker.StandardInput.WriteLineAsync();
            await worker.StandardInput.FlushAsync();
        }
    }

    /// <summary>Writes messages with their jobs, a thousand in a commit.</summary>
    public async Task<IReadOnlyList<Guid>> AddAsync(int count, Func<int, string> url, CancellationToken ct)
    {
        var outbox = provider.GetRequiredService<Outbox>();
        var ids = new List<Guid>(count);
        await using var connection = await source.OpenConnectionAsync(ct);
        for (var from = 0; from < count; from += 1000)
        {
            var messages = Enumerable.Range(from, Math.Min(1000, count - from)).Select(i =>
                new NewMessage("default", MessageChannel.Webhook, url(i),
                    $$"""{"building":"b{{i}}","value":{{i * 1.5}},"text":"{{new string('x', 120)}}"}""")).ToList();
            await using var transaction = await connection.BeginTransactionAsync(ct);
            await outbox.AddManyAsync(connection, transaction, messages, ct);
            await transaction.CommitAsync(ct);
            ids.AddRange(messages.Select(message => message.Id));
        }
        return ids;
    }

    public Task HoldAsync(CancellationToken ct) =>
        ExecuteAsync("insert into job_queues values ('messages', now()) on conflict (name) do update set paused_at = now()", ct);

    public Task LetGoAsync(CancellationToken ct) => ExecuteAsync("update job_queues set paused_at = null; notify tandem_jobs", ct);

    public async Task SettledAsync(CancellationToken ct)
    {
        while (await ScalarAsync<bool>("select exists (select from messages where delivered_at is null)", ct)) await Task.Delay(10, ct);
    }

    public async Task<T> ScalarAsync<T>(string sql, CancellationToken ct)
    {
        await using var command = source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync(ct))!;
    }

    /// <summary>Rows of a name and a count.</summary>
    public async Task<IReadOnlyList<(string Name, long Count)>> CountsAsync(string sql, CancellationToken ct)
    {
        await using var command = source.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var counts = new List<(string, long)>();
        while (await reader.ReadAsync(ct)) counts.Add((reader.GetString(0), reader.GetInt64(1)));
        return counts;
    }

    public async Task ExecuteAsync(string sql, CancellationToken ct)
    {
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(ct);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var worker in workers)
        {
            worker.Kill();
            await worker.WaitForExitAsync();
            worker.Dispose();
        }
        await provider.DisposeAsync();
        await source.DisposeAsync();
    }
}
