using App.Development.Embedded;
using App.Engines.Jobs;
using App.Platform.Database;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace App.Tests.Scenarios;

/// <summary>What a job of the fault tests does.</summary>
/// <param name="BeforeMs">Works so long before its transaction.</param>
/// <param name="WithinMs">And so long within it.</param>
/// <param name="GateBefore">Waits, before its transaction, until there is a row in <c>opened</c>.</param>
/// <param name="GateWithin">And so within it.</param>
internal sealed record Deed(int BeforeMs, int WithinMs, bool GateBefore = false, bool GateWithin = false);

/// <summary>Kinds of jobs whose effects can be counted. They are deaf: whatever they are told, they try to write.</summary>
internal static class JobFaultKinds
{
    /// <summary>Its effect and its end are one commit.</summary>
    public static readonly JobKind Once = Kind("fault.once");

    /// <summary>Its effect is a commit of its own, as one on the far side of the internet would be.</summary>
    public static readonly JobKind Again = Kind("fault.again");

    /// <summary>Ends its process.</summary>
    public static readonly JobKind Poison = Kind("fault.poison");

    /// <summary>Where the jobs write: when they began in which process, and what they did.</summary>
    public const string Tables = """
        create table starts (job bigint not null, pid int not null, at timestamptz not null default clock_timestamp());
        create index on starts (job, at);
        create table effects (job bigint not null, pid int not null, at timestamptz not null default clock_timestamp());
        create index on effects (job);
        create table opened (at timestamptz not null default clock_timestamp());
        """;

    public static void Add(IServiceCollection services) => services
        .AddJobKind<Deed, OnceHandler>(Once)
        .AddJobKind<Deed, AgainHandler>(Again)
        .AddJobKind<Deed, PoisonHandler>(Poison);

    private static JobKind Kind(string name) => new()
    {
        Name = name,
        MaxAttempts = 1000,
        Backoff = TimeSpan.FromMilliseconds(100),
        LongestBackoff = TimeSpan.FromMilliseconds(500),
        Timeout = TimeSpan.FromMinutes(10),
        ArgsType = typeof(Deed),
    };

    private static async Task WriteAsync(string table, long job, NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand($"insert into {table} (job, pid) values ($1, $2)", connection);
        command.Parameters.Add(new() { Value = job });
        command.Parameters.Add(new() { Value = Environment.ProcessId });
        await command.ExecuteNonQueryAsync();
    }

    private static async Task BeginAsync(Postgres postgres, Deed deed, JobContext job)
    {
        await using (var connection = await postgres.Source.OpenConnectionAsync()) await WriteAsync("starts", job.Id, connection);
        if (deed.GateBefore) await UntilOpenAsync(postgres);
        await Task.Delay(deed.BeforeMs);
    }

    // Sessions of a worker that is taken for dead are ended: it looks again.
    private static async Task UntilOpenAsync(Postgres postgres)
    {
        for (var open = false; !open;)
        {
            try
            {
                await using var connection = await postgres.Source.OpenConnectionAsync();
                await UntilOpenAsync(connection);
                open = true;
            }
            catch (Exception e) when (TransientFault.Is(e))
            {
                await Task.Delay(50);
            }
        }
    }

    private static async Task UntilOpenAsync(NpgsqlConnection connection)
    {
        await using var look = new NpgsqlCommand("select exists (select from opened)", connection);
        while (await look.ExecuteScalarAsync() is not true) await Task.Delay(50);
    }

    // Stubborn as well: it is not to be stopped by a broken connection, but by the fence.
    private sealed class OnceHandler(Postgres postgres) : IJobHandler<Deed>
    {
        private const int Tries = 20;

        public async Task<JobOutcome> RunAsync(Deed args, JobContext job, CancellationToken ct)
        {
            await BeginAsync(postgres, args, job);
            for (var left = Tries; ; left--)
            {
                try
                {
                    return await CompleteAsync(args, job);
                }
                catch (PostgresException e) when (e.SqlState == JobStore.LeaseLost)
                {
                    Console.WriteLine($"Refused job {job.Id}.");
                    throw;
                }
                catch (Exception e) when (TransientFault.Is(e) && left > 1)
                {
                    await Task.Delay(50, CancellationToken.None);
                }
            }
        }

        private async Task<JobOutcome> CompleteAsync(Deed args, JobContext job)
        {
            await using var connection = await postgres.Source.OpenConnectionAsync(CancellationToken.None);
            await using var transaction = await connection.BeginTransactionAsync(CancellationToken.None);
            await WriteAsync("effects", job.Id, connection);
            if (args.GateWithin) await UntilOpenAsync(connection);
            await Task.Delay(args.WithinMs, CancellationToken.None);
            var outcome = await job.CompleteInAsync(connection, transaction, CancellationToken.None);
            await transaction.CommitAsync(CancellationToken.None);
            return outcome;
        }
    }

    private sealed class AgainHandler(Postgres postgres) : IJobHandler<Deed>
    {
        public async Task<JobOutcome> RunAsync(Deed args, JobContext job, CancellationToken ct)
        {
            await BeginAsync(postgres, args, job);
            await using (var connection = await postgres.Source.OpenConnectionAsync(CancellationToken.None))
                await WriteAsync("effects", job.Id, connection);
            return JobOutcome.Done();
        }
    }

    private sealed class PoisonHandler(Postgres postgres) : IJobHandler<Deed>
    {
        public async Task<JobOutcome> RunAsync(Deed args, JobContext job, CancellationToken ct)
        {
            await BeginAsync(postgres, args, job);
            Posix.Signal(Environment.ProcessId, Posix.Kill);
            return JobOutcome.Done();
        }
    }
}
