using App.Platform.Database;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;
using NpgsqlTypes;

namespace App.Exchange.Messages;

/// <summary>What the far side reports of a message after it was sent.</summary>
/// <param name="Message">Our id, where it was given back (WhatsApp's <c>biz_opaque_callback_data</c>).</param>
/// <param name="ProviderId">Its id of the message (WhatsApp's <c>wamid</c>).</param>
/// <param name="Status">sent, delivered, read or failed.</param>
/// <param name="At">When, by the far side's clock.</param>
/// <param name="ErrorCode">Why it failed.</param>
/// <param name="Error">Why it failed, in words.</param>
internal sealed record MessageReceipt(Guid? Message, string? ProviderId, string Status, DateTimeOffset At, int? ErrorCode = null,
    string? Error = null);

/// <summary>
/// Applies reports in whatever order and as often as they come: a status never goes backwards, a repeated one does
/// nothing, and one for a message whose end was uncertain settles it.
/// </summary>
internal static class MessageReceipts
{
    /// <summary>The statuses that are known.</summary>
    public static IReadOnlyList<string> Statuses { get; } = ["sent", "delivered", "read", "failed"];

    /// <summary>Applies them, in the transaction that is open on the context if there is one.</summary>
    /// <returns>The messages that they changed.</returns>
    /// <exception cref="ArgumentException">A status is none of <see cref="Statuses"/>.</exception>
    public static async Task<IReadOnlyList<Guid>> ApplyAsync(AppDbContext db, IReadOnlyList<MessageReceipt> receipts, CancellationToken ct)
    {
        if (receipts.FirstOrDefault(receipt => !Statuses.Contains(receipt.Status)) is { } odd)
            throw new ArgumentException($"'{odd.Status}' is no status of a message: give one of {string.Join(", ", Statuses)}.",
                nameof(receipts));
        await db.Database.OpenConnectionAsync(ct);
        try
        {
            await using var command = new NpgsqlCommand("select messages_receive($1, $2, $3, $4, $5, $6)",
                (NpgsqlConnection)db.Database.GetDbConnection(),
                db.Database.CurrentTransaction?.GetDbTransaction() as NpgsqlTransaction)
            {
                Parameters =
                {
                    new() { Value = receipts.Select(receipt => receipt.Message).ToArray(),
                        NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid },
                    new() { Value = receipts.Select(receipt => receipt.ProviderId).ToArray(),
                        NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text },
                    new() { Value = receipts.Select(receipt => receipt.Status).ToArray() },
                    new() { Value = receipts.Select(receipt => receipt.At.UtcDateTime).ToArray() },
                    new() { Value = receipts.Select(receipt => receipt.ErrorCode).ToArray(),
                        NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer },
                    new() { Value = receipts.Select(receipt => receipt.Error is { Length: > 2000 } error ? error[..2000] : receipt.Error)
                        .ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text },
                },
            };
            await using var reader = await command.ExecuteReaderAsync(ct);
            var changed = new List<Guid>();
            while (await reader.ReadAsync(ct)) changed.Add(reader.GetGuid(0));
            return changed;
        }
        finally
        {
            await db.Database.CloseConnectionAsync();
        }
    }
}
