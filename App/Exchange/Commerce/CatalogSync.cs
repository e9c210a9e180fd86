using App.Engines.Jobs;
using App.Platform.Database;
using Microsoft.EntityFrameworkCore;

namespace App.Exchange.Commerce;

/// <summary>Sees to it that changed items go to Meta's catalog, where there is one.</summary>
internal sealed class CatalogSync(AppDbContext db, JobQueue queue, CommerceOptions options)
{
    /// <summary>
    /// To be called after a change of items, in its transaction: unless one waits already, adds the job that gathers what
    /// has changed. The lock is shared by those who change and exclusive to the job that gathers, so that whoever finds a
    /// job there has either been seen by it, or waits until it has ended and adds another.
    /// </summary>
    public async Task ChangedAsync(string organization, CancellationToken ct)
    {
        if (options.CatalogId is null) return;
        await db.Database.ExecuteSqlAsync(
            $"select pg_advisory_xact_lock_shared(hashtextextended('catalog.sync:' || {organization}, 20261123))", ct);
        await queue.EnqueueAsync(db,
            [new NewJob(SyncCatalog.Kind.Name, new SyncCatalogArgs()) { Organization = organization, Delay = CommerceOptions.SyncPause,
                UniqueKey = "catalog.sync:" + organization }], ct);
    }

    /// <summary>Locks out those who change, until the transaction ends.</summary>
    public Task LockAsync(string organization, CancellationToken ct) =>
        db.Database.ExecuteSqlAsync($"select pg_advisory_xact_lock(hashtextextended('catalog.sync:' || {organization}, 20261123))", ct);
}
