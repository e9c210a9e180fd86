using App.Engines.Models;

namespace App.Training;

/// <summary>A model fresh from training.</summary>
/// <param name="Artifact">The ONNX file.</param>
/// <param name="Spec">What it says of itself.</param>
internal sealed record TrainedModel(byte[] Artifact, ModelSpec Spec);
