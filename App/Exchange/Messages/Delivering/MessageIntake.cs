using App.Engines.Jobs;
using App.Platform.Database;
using App.Platform.Serving;
using Npgsql;

namespace App.Exchange.Messages.Delivering;

/// <summary>Reads messages for their attempts: all that are asked for at the same time in one statement.</summary>
internal sealed class MessageIntake : IAsyncDisposable
{
    private const int MostTogether = 500;

    private static readonly string[] Columns =
        ["id", "organization", "channel", "recipient", "body", "state", "attempts", "spent", "age", "quiet", "secret", "previous_secret",
            "closed_reason"];

    /// <summary>
    /// The same with the claims of the jobs, for all that need only be looked at: no circuit is open, nothing is to be marked,
    /// and the body is small.
    /// </summary>
    public static readonly JobPrefetch Prefetch = new("messages_prefetch", Columns, Read);

    private readonly CallBatcher<DeliverMessageArgs, TakenMessage?> batcher;

    // Its own, not the pool's: what is planned once stays planned.
    private readonly OwnConnection connection;

    /// <summary>Reads from the database of this process.</summary>
    public MessageIntake(Postgres postgres)
    {
        connection = new(postgres, "take");
        batcher = new(MostTogether, ReadAsync);
    }

    /// <summary>A message for an attempt, marked as being sent where its far side cannot tell a repetition.</summary>
    /// <returns>Null: there is none, or it has been redriven since.</returns>
    public Task<TakenMessage?> TakeAsync(DeliverMessageArgs message, CancellationToken ct) => batcher.AskAsync(message, ct);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => connection.DisposeAsync();

    private async Task<IReadOnlyList<TakenMessage?>> ReadAsync(IReadOnlyList<DeliverMessageArgs> messages)
    {
        var open = await connection.OpenAsync(CancellationToken.None);
        await using var command = new NpgsqlCommand(
            $"select {string.Join(", ", Columns)}, wait from messages_take($1, $2)", open);
        command.Parameters.Add(new() { Value = messages.Select(message => message.MessageId).ToArray() });
        command.Parameters.Add(new() { Value = messages.Select(message => message.Generation).ToArray() });
        await using var reader = await command.ExecuteReaderAsync();
        var found = new Dictionary<Guid, TakenMessage>(messages.Count);
        while (await reader.ReadAsync())
        {
            var message = Read(reader, 0) with { Wait = Span(reader, Columns.Length) is { } wait && wait > TimeSpan.Zero ? wait : null };
            found[message.Id] = message;
        }
        return [.. messages.Select(message => found.GetValueOrDefault(message.MessageId))];
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

    private static TimeSpan? Span(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : TimeSpan.FromSeconds(reader.GetDouble(column));
}
