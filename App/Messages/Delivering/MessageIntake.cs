using App.Jobs;
using App.Platform.Database;
using Npgsql;

namespace App.Messages.Delivering;

/// <summary>Reads messages for their attempts: all that are asked for at the same time in one statement.</summary>
internal sealed class MessageIntake(Postgres postgres) : IAsyncDisposable
{
    private const int MostTogether = 500;

    private static readonly string[] Columns =
        ["id", "organization", "channel", "recipient", "body", "state", "attempts", "spent", "age", "quiet", "secret", "previous_secret", "closed_reason"];

    /// <summary>
    /// The same with the claims of the jobs, for all that need only be looked at: no circuit is open, nothing is to be marked,
    /// and the body is small.
    /// </summary>
    public static readonly JobForesight Foresight = new("messages_foresee", Columns, Read);

    private readonly Lock gate = new();
    private List<Asked> waiting = [];
    private bool reading;

    // Its own, not the pool's: what is planned once stays planned.
    private NpgsqlConnection? connection;

    private sealed record Asked(DeliverMessageArgs Message)
    {
        public TaskCompletionSource<TakenMessage?> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>A message for an attempt, marked as being sent where its far side cannot tell a repetition.</summary>
    /// <returns>Null: there is none, or it has been driven again since.</returns>
    public Task<TakenMessage?> TakeAsync(DeliverMessageArgs message, CancellationToken ct)
    {
        var mine = new Asked(message);
        lock (gate)
        {
            waiting.Add(mine);
            if (reading) return mine.Answer.Task.WaitAsync(ct);
            reading = true;
        }
        // Whoever comes first reads for all who come meanwhile.
        _ = ReadAllAsync();
        return mine.Answer.Task.WaitAsync(ct);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (connection is not null) await connection.DisposeAsync();
    }

    private async Task ReadAllAsync()
    {
        await Task.Yield();
        while (true)
        {
            List<Asked> together;
            lock (gate)
            {
                if (waiting.Count == 0)
                {
                    reading = false;
                    return;
                }
                together = waiting.Count <= MostTogether ? waiting : waiting[..MostTogether];
                waiting = waiting.Count <= MostTogether ? [] : waiting[MostTogether..];
            }
            await ReadAsync(together);
        }
    }

    private async Task ReadAsync(List<Asked> together)
    {
        try
        {
            var found = await ReadAsync(together.ConvertAll(one => one.Message));
            foreach (var one in together) one.Answer.SetResult(found.GetValueOrDefault(one.Message.MessageId));
        }
        catch (Exception e)
        {
            foreach (var one in together) one.Answer.TrySetException(e);
        }
    }

    private async Task<Dictionary<Guid, TakenMessage>> ReadAsync(List<DeliverMessageArgs> messages)
    {
        if (connection is not { FullState: System.Data.ConnectionState.Open })
        {
            if (connection is not null) await connection.DisposeAsync();
            connection = await postgres.OpenOwnAsync("take", CancellationToken.None);
        }
        await using var command = new NpgsqlCommand(
            $"select {string.Join(", ", Columns)}, wait from messages_take($1, $2)", connection);
        command.Parameters.Add(new() { Value = messages.Select(message => message.MessageId).ToArray() });
        command.Parameters.Add(new() { Value = messages.Select(message => message.Drive).ToArray() });
        await using var reader = await command.ExecuteReaderAsync();
        var found = new Dictionary<Guid, TakenMessage>(messages.Count);
        while (await reader.ReadAsync())
        {
            var message = Read(reader, 0) with { Wait = Span(reader, Columns.Length) is { } wait && wait > TimeSpan.Zero ? wait : null };
            found[message.Id] = message;
        }
        return found;
    }

    private static TakenMessage Read(NpgsqlDataReader reader, int from) => new()
    {
        Id = reader.GetGuid(from),
        Organization = reader.GetString(from + 1),
        Channel = reader.GetString(from + 2),
        To = reader.GetString(from + 3),
        Body = reader.GetFieldValue<byte[]>(from + 4),
        State = reader.GetString(from + 5),
        Attempts = (reader.GetInt32(from + 6), reader.GetInt32(from + 7)),
        Age = TimeSpan.FromSeconds(reader.GetDouble(from + 8)),
        Quiet = Span(reader, from + 9),
        Secret = Text(reader, from + 10),
        PreviousSecret = Text(reader, from + 11),
        ClosedReason = Text(reader, from + 12),
    };

    private static string? Text(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    private static TimeSpan? Span(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : TimeSpan.FromSeconds(reader.GetDouble(column));
}
