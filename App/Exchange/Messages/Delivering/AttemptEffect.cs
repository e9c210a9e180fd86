using App.Engines.Jobs;
using Npgsql;
using NpgsqlTypes;

namespace App.Exchange.Messages.Delivering;

/// <summary>What an attempt makes of its message: the delivery for the record, and the next state.</summary>
/// <param name="message">As it was taken.</param>
/// <param name="generation">Which generation of the message the attempt belongs to.</param>
/// <param name="state">The message's next state.</param>
/// <param name="error">Why, where it is not delivered.</param>
/// <param name="result">The attempt; null: none was made.</param>
/// <param name="next">When it is tried again.</param>
internal sealed class AttemptEffect(TakenMessage message, int generation, string state, string? error, AttemptResult? result,
    TimeSpan next) : JobEffect
{
    /// <summary>Failures in a row that open an endpoint's circuit.</summary>
    public const int TripAfter = 8;

    private const int LongestError = 4000;

    /// <inheritdoc/>
    public override NpgsqlBatchCommand WriteAll(IReadOnlyList<JobEffect> effects)
    {
        var all = effects.Cast<AttemptEffect>().ToArray();
        return new("select messages_settle($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)")
        {
            Parameters =
            {
                new() { Value = Array.ConvertAll(all, one => one.Message.Id) },
                new() { Value = Array.ConvertAll(all, one => one.Generation) },
                new() { Value = Array.ConvertAll(all, one => one.Number) },
                new() { Value = Array.ConvertAll(all, one => one.State) },
                Texts(all, one => one.Error),
                Integers(all, one => one.Result?.ErrorCode),
                Texts(all, one => one.Result?.ProviderId),
                new() { Value = Array.ConvertAll(all, one => one.Next.TotalSeconds) },
                Texts(all, one => one.Outcome),
                new() { Value = Array.ConvertAll(all, one => one.Result?.StartedAt.UtcDateTime),
                    NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz },
                Integers(all, one => one.Result is { } result ? (int)result.Latency.TotalMilliseconds : null),
                Texts(all, one => one.Result?.Request),
                Integers(all, one => one.Result?.Status),
                Texts(all, one => one.Result?.ResponseHeaders),
                Texts(all, one => one.Result?.ResponseBody),
                new() { Value = Array.ConvertAll(all, one => one.Result?.Pause?.TotalSeconds),
                    NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Double },
                new() { Value = TripAfter },
            },
        };
    }

    private TakenMessage Message => message;

    private int Generation => generation;

    private string State => state;

    private string? Error { get; } = error is null ? null : StoredText.Cut(error, LongestError);

    private AttemptResult? Result => result;

    private TimeSpan Next => next;

    private int Number => result is null ? 0 : message.Attempts.All + 1;

    private string? Outcome => result?.End switch
    {
        AttemptEnd.Delivered => "delivered",
        AttemptEnd.Failed => "failed",
        AttemptEnd.Lost => "lost",
        AttemptEnd.Refused => "refused",
        _ => null,
    };

    private static NpgsqlParameter Texts(AttemptEffect[] all, Converter<AttemptEffect, string?> of) =>
        new() { Value = Array.ConvertAll(all, of), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };

    private static NpgsqlParameter Integers(AttemptEffect[] all, Converter<AttemptEffect, int?> of) =>
        new() { Value = Array.ConvertAll(all, of), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer };
}
