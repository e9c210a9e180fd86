namespace App.Engines.Models;

/// <summary>The use of one model version, from acquiring to disposing; a swap meanwhile does not touch it.</summary>
internal sealed class ModelUse : IDisposable
{
    private readonly LoadedModel loaded;
    private bool disposed;

    /// <summary>Takes over a hold that its maker has got by <see cref="LoadedModel.TryHold"/>.</summary>
    public ModelUse(LoadedModel held) => loaded = held;

    /// <summary>The model.</summary>
    public OnnxModel Model => loaded.Model;

    /// <summary>Identity of the version in the registry, for predictions.</summary>
    public int VersionId => loaded.Version.Id;

    /// <summary><c>name@version</c>.</summary>
    public string Label => loaded.Version.Label;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!Interlocked.Exchange(ref disposed, true)) loaded.Release();
    }
}
