using System.Text.Json;
using App.Engines.Jobs;
using App.Platform.Database;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace App.Exchange.Webhooks;

/// <summary>Which event.</summary>
internal sealed record ProcessWebhookArgs(long EventId);

/// <summary>Applies a stored event: its effects, its state and the end of the job are one commit.</summary>
internal sealed class ProcessWebhook(AppDbContext db, IEnumerable<IWebhookProvider> providers, WebhookMetrics metrics, TimeProvider time)
    : IJobHandler<ProcessWebhookArgs>
{
    /// <summary>The kind.</summary>
    public static readonly JobKind Kind = new()
    {
        Name = "webhook.process",
        Queue = "webhooks",
        MaxAttempts = 10,
        Timeout = TimeSpan.FromMinutes(1)
    };

    private const int LongestText = 2000;

    /// <inheritdoc/>
    public async Task<JobOutcome> RunAsync(ProcessWebhookArgs args, JobContext job, CancellationToken ct)
    {
        try
        {
            return await ApplyAsync(args.EventId, job, ct);
        }
        catch (Exception e) when (e is UnusableEventException or JsonException)
        {
            await FailAsync(args.EventId, e.Message, isLast: true, ct);
            return JobOutcome.Dead(e.Message);
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            await FailAsync(args.EventId, e.Message, job.IsLastAttempt, ct);
            throw;
        }
    }

    private async Task<JobOutcome> ApplyAsync(long id, JobContext job, CancellationToken ct)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var found =
            (await db.Set<WebhookEvent>()
                .FromSql($"select * from webhook_events where id = {id} for update").AsNoTracking().ToListAsync(ct)).SingleOrDefault();
        if (found is null) return JobOutcome.Cancel("The event was pruned.");
        if (found.State == WebhookEvent.Processed) return JobOutcome.Done();
        var provider = providers.FirstOrDefault(one => one.Name == found.Provider)
            ?? throw new UnusableEventException($"No provider is named '{found.Provider}'.");
        var outcome = StoredText.Cut(await provider.ApplyAsync(JsonElement.Parse(found.Body), db, ct), LongestText);
        await db.Database.ExecuteSqlAsync($"""
            update webhook_events set state = 'processed', attempts = attempts + 1, outcome = {outcome}, error = null,
                processed_at = clock_timestamp() where id = {id}
            """, ct);
        job.Log(outcome);
        var settled = await job.CompleteInAsync((NpgsqlConnection)db.Database.GetDbConnection(),
            (NpgsqlTransaction)transaction.GetDbTransaction(), ct);
        await transaction.CommitAsync(ct);
        metrics.Processed(found.Provider, time.GetUtcNow() - found.ReceivedAt);
        return settled;
    }

    // The attempt's own transaction is undone; what went wrong is noted beside it.
    private async Task FailAsync(long id, string error, bool isLast, CancellationToken ct)
    {
        var (state, text) = (isLast ? WebhookEvent.Failed : WebhookEvent.Received, StoredText.Cut(error, LongestText));
        await db.Database.ExecuteSqlAsync(
            $"""
            update webhook_events set state = {state}, attempts = attempts + 1, error = {text}
            where id = {id} and state <> 'processed'
            """, ct);
    }
}
