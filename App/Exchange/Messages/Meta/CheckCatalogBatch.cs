using System.Text.Json;
using App.Engines.Jobs;
using App.Platform.Database;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace App.Exchange.Messages.Meta;

/// <summary>Which batch.</summary>
/// <param name="MessageId">The message that it came from.</param>
/// <param name="Handle">How the catalog calls it.</param>
internal sealed record CheckCatalogBatchArgs(Guid MessageId, string Handle);

/// <summary>
/// Asks the catalog what came of a batch until it has ended, and keeps that with the items and the message: what was
/// taken, what was refused and why.
/// </summary>
internal sealed class CheckCatalogBatch(MetaApi api, MetaOptions options, CatalogReports reports, AppDbContext db, TimeProvider time)
    : IJobHandler<CheckCatalogBatchArgs>
{
    /// <summary>The kind. Its attempts are those that failed: looking at a batch that has not ended costs none.</summary>
    public static readonly JobKind Kind = new()
    {
        Name = "catalog.check",
        MaxAttempts = 50,
        Timeout = TimeSpan.FromMinutes(1),
        LongestBackoff = TimeSpan.FromMinutes(10)
    };

    /// <summary>How long the catalog is given before it is first asked.</summary>
    public static readonly TimeSpan FirstLook = TimeSpan.FromSeconds(2);

    private const int LongestError = 2000;
    private static readonly TimeSpan Patience = TimeSpan.FromHours(24);

    /// <inheritdoc/>
    public async Task<JobOutcome> RunAsync(CheckCatalogBatchArgs args, JobContext job, CancellationToken ct)
    {
        if (options.MissingForCatalog is { } missing) return JobOutcome.Cancel($"{missing} is not set.");
        var message = await db.Set<Message>().AsNoTracking().SingleOrDefaultAsync(one => one.Id == args.MessageId, ct);
        if (message is null) return JobOutcome.Cancel("The message was pruned.");
        // Its attempt has ended, and that is not written yet.
        if (message.State is MessageState.Pending or MessageState.Sending) return await LaterAsync(message, ct);
        if (message.ProviderId != args.Handle) return JobOutcome.Cancel("The message was sent again since.");

        var (answer, record) = await api.GetAsync(
            $"{message.Recipient}/check_batch_request_status?handle={Uri.EscapeDataString(args.Handle)}"
            + "&load_ids_of_invalid_requests=true", ct);
        if (answer is null) return JobOutcome.Retry(record.Error ?? "No answer came.");
        var parsed = MetaApi.Parse(answer);
        if (MetaApi.ErrorOf(parsed) is { } error) return JobOutcome.Retry($"Error {error.Code}: {error.Message}", answer.RetryAfter);
        if (answer.Status is < 200 or > 299 || parsed is not { } found)
            return JobOutcome.Retry($"It answered {answer.Status}.", answer.RetryAfter);

        var items = ItemsOf(message.Body);
        var batch = CatalogAnswers.Batch(found, items);
        return batch is { IsFinished: true } or { IsBroken: true }
            ? await EndAsync(message, args.Handle, items, batch, job, ct) : await LaterAsync(message, ct);
    }

    /// <summary>The ids of a body's items.</summary>
    public static IReadOnlySet<string> ItemsOf(string body) =>
        JsonElement.Parse(body).GetProperty("items")
            .EnumerateArray().Select(item => item.GetProperty("data").GetProperty("id").GetString()!).ToHashSet(StringComparer.Ordinal);

    /// <summary>What a message says of its items that were refused; null: none were.</summary>
    public static string? Summary(IReadOnlyList<CatalogRefusal> refused, int items) =>
        refused.Count == 0 ? null
            : $"{refused.Count} of {items} items were refused: {string.Join("; ", refused.Select(one => $"{one.Item}: {one.Error}"))}";

    private async Task<JobOutcome> EndAsync(Message message, string handle, IReadOnlySet<string> items, CatalogBatch batch, JobContext job,
        CancellationToken ct)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var (connection, own) = ((NpgsqlConnection)db.Database.GetDbConnection(), (NpgsqlTransaction)transaction.GetDbTransaction());
        var refused = await reports.EndedAsync(connection, own, message.Organization, message.Id, items, batch, ct);
        var broken = batch.IsBroken ? $"The catalog has broken the batch off ({batch.Status}): nobody knows which items were taken." : null;
        var said = string.Join(' ',
            new[] { broken, Summary(refused, items.Count),
                batch.Others.Count == 0 ? null : $"It says: {string.Join("; ", batch.Others)}" }.OfType<string>());
        var error = said.Length == 0 ? null : StoredText.Cut(said, LongestError);
        var failed = batch.IsBroken || refused.Count == items.Count;
        await MessageReceipts.ApplyAsync(db, [new(message.Id, handle, failed ? "failed" : "delivered", time.GetUtcNow(), null, error)], ct);
        if (!failed && error is not null) await NoteAsync(message.Id, error, ct);
        job.Log(error ?? $"{items.Count} items were taken.");
        var settled = await job.CompleteInAsync(connection, own, ct);
        await transaction.CommitAsync(ct);
        return settled;
    }

    private async Task<JobOutcome> LaterAsync(Message message, CancellationToken ct)
    {
        var age = time.GetUtcNow() - (message.SentAt ?? message.CreatedAt);
        if (age < Patience)
            return JobOutcome.Snooze(
                age.TotalMinutes switch { < 1 => TimeSpan.FromSeconds(5), < 10 => TimeSpan.FromSeconds(30), _ => TimeSpan.FromMinutes(5) });
        var error = $"The catalog has not said within {Patience.TotalHours:0} hours what came of the batch.";
        await NoteAsync(message.Id, error, ct);
        return JobOutcome.Dead(error);
    }

    private Task NoteAsync(Guid message, string error, CancellationToken ct) =>
        db.Database.ExecuteSqlAsync($"update messages set error = {error} where id = {message} and state = 'delivered'", ct);
}
