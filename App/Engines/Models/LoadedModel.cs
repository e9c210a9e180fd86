namespace App.Engines.Models;

/// <summary>A model in memory, shared by its slot and by those who run it; the last of them to let go disposes it.</summary>
internal sealed class LoadedModel(OnnxModel model, ModelVersion version)
{
    private int holders = 1;

    /// <summary>The model.</summary>
    public OnnxModel Model => model;

    /// <summary>Its row in the registry.</summary>
    public ModelVersion Version => version;

    /// <summary>Takes part in it, unless it is disposed already.</summary>
    public bool TryHold()
    {
        for (var seen = Volatile.Read(ref holders); seen > 0;)
        {
            var found = Interlocked.CompareExchange(ref holders, seen + 1, seen);
            if (found == seen) return true;
            seen = found;
        }
        return false;
    }

    /// <summary>Lets go of it.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref holders) == 0) model.Dispose();
    }
}
