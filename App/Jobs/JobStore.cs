using Npgsql;

namespace App.Jobs;

/// <summary>The statements of the queue.</summary>
internal static class JobStore
{
    internal static Task<JobOutcome> CompleteInAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long worker, ClaimedJob claimed, CancellationToken ct) => throw new NotImplementedException();
}
