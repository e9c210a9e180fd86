using System.Text.Json;
using App.Engines.Models;

namespace App.Signs.Fingerspelling.Live;

/// <summary>Tensors bound to the version that serves, with what answers say of it; a swap does not touch it.</summary>
internal sealed class ServingClassifier(ModelUse use) : IDisposable
{
    /// <summary>Runs it.</summary>
    public HandClassifier Classifier { get; } = new(use.Model, FrameLimits.MostBatched);

    /// <summary>Identity of the version.</summary>
    public int VersionId => use.VersionId;

    /// <summary><c>"fingerspelling@3"</c>, as JSON.</summary>
    public byte[] Label { get; } = JsonSerializer.SerializeToUtf8Bytes(use.Label);

    /// <inheritdoc/>
    public void Dispose()
    {
        Classifier.Dispose();
        use.Dispose();
    }
}
