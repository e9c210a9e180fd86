using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;
using App.Engines.Jobs;
using App.Platform.Database;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Bench;

/// <summary>A fresh database, a producer in this process and workers in processes of their own.</summary>
internal sealed class BenchRound : IAsyncDisposable
{
    private readonly NpgsqlDataSource source;
    private readonly ServiceProvider provider;
    private readonly Process[] workers;
    private readonly Channel<double> latencies = Channel.CreateUnbounded<double>();

    private BenchRound(NpgsqlDataSource source, ServiceProvider provider, Process[] workers, int postmaster)
    {
        (this.source, this.provider, this.workers, Postmaster) = (source, provider, workers, postmaster);
        Queue = provider.GetRequiredService<JobQueue>();
        foreach (var worker in workers) _ = ReadAsync(worker);
    }

    public JobQueue Queue { get; }

    public int Postmaster { get; }

    public int Workers => workers.Length;

    public static async Task<BenchRound> StartAsync(NpgsqlDataSource server, int workers, CancellationToken ct)
    {
        var url = await BenchDatabase.FreshAsync(server, "tandem_bench", ct);
        var connection = DatabaseUrl.Parse(url).ConnectionString!;
        await SchemaMigration.ApplyAsync(connection, ct);
        // It looks often: at the indexes, not through the tables.
        var fresh =
            NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connection) { Options = "-c enable_seqscan=off" }.ConnectionString);
        var processes = Enumerable.Range(0, workers).Select(_ =>
        {
            var start = new ProcessStartInfo("dotnet",
                [Path.Combine(AppContext.BaseDirectory, "bench.dll"), "jobs-worker", url])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true
            };
            return Process.Start(start)!;
        }).ToArray();
        return new BenchRound(fresh, JobsWorker.Services(url).BuildServiceProvider(), processes,
            await BenchDatabase.PostmasterAsync(fresh, ct));
    }

    public async Task BeginAsync()
    {
        foreach (var worker in workers)
        {
            await worker.StandardInput.WriteLineAsync();
            await worker.StandardInput.FlushAsync();
        }
    }

    public async Task EmptyAsync(CancellationToken ct)
    {
        while (await ScalarAsync<bool>(
            "select exists (select from jobs where worker is not null) or exists (select from jobs where state = 'queued')", ct))
            await Task.Delay(10, ct);
    }

    public Task<long> DoneAsync(CancellationToken ct) => ScalarAsync<long>("select count(*) from job_done", ct);

    public Task<long> WaitingAsync(CancellationToken ct) => ScalarAsync<long>("select count(*) from jobs where state = 'queued'", ct);

    // Every job once: a job that two workers have run to its end would be there twice.
    public async Task ExpectDoneAsync(int jobs, CancellationToken ct)
    {
        var (rows, ids) = (await DoneAsync(ct), await ScalarAsync<long>("select count(distinct id) from job_done", ct));
        if (rows != jobs || ids != jobs)
            throw new InvalidOperationException($"{jobs} jobs were enqueued, {rows} ended, {ids} different ones.");
    }

    public Task<long> DeadlocksAsync(CancellationToken ct) =>
        ScalarAsync<long>("select deadlocks from pg_stat_database where datname = current_database()", ct);

    /// <summary>How long the next of the jobs that say so took to start, in whichever worker.</summary>
    public ValueTask<double> NextLatencyAsync(CancellationToken ct) => latencies.Reader.ReadAsync(ct);

    private async Task ReadAsync(Process worker)
    {
        while (await worker.StandardOutput.ReadLineAsync() is { } line)
            if (double.TryParse(line, CultureInfo.InvariantCulture, out var latency)) latencies.Writer.TryWrite(latency);
            else Console.Error.WriteLine(line);
    }

    public double WorkerCpu() => workers.Sum(worker => ProcessUsage.Cpu(worker.Id));

    public double WorkerMemory() => workers.Max(worker => ProcessUsage.Memory(worker.Id).Peak);

    public async Task<T> ScalarAsync<T>(string sql, CancellationToken ct)
    {
        await using var command = source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync(ct))!;
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
