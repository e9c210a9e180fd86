using App.Engines.Models.Shadow;

namespace App.Engines.Models;

/// <summary>The place of one model name in this process: what is loaded, or why nothing is.</summary>
internal sealed class ModelSlot(string name, TimeProvider time)
{
    private readonly TaskCompletionSource known = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private LoadedModel? current;

    /// <summary>Name of the model.</summary>
    public string Name => name;

    /// <summary>Samples what the serving version is asked, for a candidate beside it.</summary>
    public ModelShadow Shadow { get; } = new(name, time);

    /// <summary>The version that serves here, or null.</summary>
    public ModelVersion? Serving => Volatile.Read(ref current)?.Version;

    /// <summary>Since when <see cref="Serving"/> has served here.</summary>
    public DateTimeOffset? Since { get; private set; }

    /// <summary>The version that ought to serve, or null when none is active.</summary>
    public ModelVersion? Wanted { get; private set; }

    /// <summary>Why <see cref="Wanted"/> does not serve; null when it does.</summary>
    public string? Fault { get; private set; } = "The registry has not been read yet.";

    /// <summary>Ends when the registry was first read: from then on <see cref="Serving"/> or <see cref="Fault"/> tells the truth.</summary>
    public Task Known => known.Task;

    /// <summary>From when on a version that could not be loaded is tried again.</summary>
    public DateTimeOffset RetryAt { get; private set; }

    /// <summary>The model to run, held until disposed; null when none is loaded (see <see cref="Fault"/>).</summary>
    public ModelUse? Acquire()
    {
        while (Volatile.Read(ref current) is { } loaded)
        {
            // Between the two lines it may have been swapped and disposed: then the next one is there.
            if (loaded.TryHold()) return new ModelUse(loaded);
        }
        return null;
    }

    /// <summary>Serves this one from now on; the one before ends with its last user.</summary>
    public void Swap(LoadedModel next, DateTimeOffset now)
    {
        Wanted = next.Version;
        Fault = null;
        Since = now;
        Interlocked.Exchange(ref current, next)?.Release();
        known.TrySetResult();
    }

    /// <summary>The wanted version cannot be loaded; what serves goes on.</summary>
    public void Fail(ModelVersion wanted, string fault, DateTimeOffset retryAt)
    {
        Wanted = wanted;
        Fault = fault;
        RetryAt = retryAt;
        known.TrySetResult();
    }

    /// <summary>What was at fault may have been put right: the next refresh tries it at once.</summary>
    public void RetryNow() => RetryAt = default;

    /// <summary>This process has no use for it: workers serve it.</summary>
    public void LeaveToWorkers(ModelVersion wanted)
    {
        Wanted = wanted;
        Fault = null;
        known.TrySetResult();
    }

    /// <summary>No version is active: nothing serves.</summary>
    public void Clear(string fault)
    {
        Wanted = null;
        Fault = fault;
        Since = null;
        Interlocked.Exchange(ref current, null)?.Release();
        known.TrySetResult();
    }
}
