using App.Engines.Models;

namespace App.Signs.Fingerspelling.Live;

/// <summary>
/// Classifiers of the version that serves, lent for one batch: as many as threads run at once, however many connections
/// there are. A version that was replaced is let go with the return of its last classifier.
/// </summary>
internal sealed class ClassifierPool(ActiveModels models) : IDisposable
{
    private readonly ModelSlot slot = models.Get(LetterModel.Task);
    private readonly ServingClassifier?[] idle = new ServingClassifier?[2 * Environment.ProcessorCount];

    /// <summary>Label of the version that serves, or null.</summary>
    public string? Serving => slot.Serving?.Label;

    /// <summary>Ends when it is known which version serves, a moment after the start of the process.</summary>
    public Task Known => slot.Known;

    /// <summary>One of the version that serves now; null when none does.</summary>
    public ServingClassifier? Rent()
    {
        for (var i = 0; i < idle.Length; i++)
        {
            if (Volatile.Read(ref idle[i]) is null || Interlocked.Exchange(ref idle[i], null) is not { } found) continue;
            if (found.VersionId == slot.Serving?.Id) return found;
            found.Dispose();
        }
        return slot.Acquire() is { } use ? new ServingClassifier(use) : null;
    }

    /// <summary>Takes one back.</summary>
    public void Return(ServingClassifier classifier)
    {
        if (classifier.VersionId == slot.Serving?.Id)
            for (var i = 0; i < idle.Length; i++)
                if (Volatile.Read(ref idle[i]) is null && Interlocked.CompareExchange(ref idle[i], classifier, null) is null) return;
        classifier.Dispose();
    }

    /// <summary>Lets go of versions that were replaced while nobody streamed.</summary>
    public void Trim()
    {
        for (var i = 0; i < idle.Length; i++)
            if (Interlocked.Exchange(ref idle[i], null) is { } found) Return(found);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        for (var i = 0; i < idle.Length; i++) Interlocked.Exchange(ref idle[i], null)?.Dispose();
    }
}
