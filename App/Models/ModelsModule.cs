using App.Platform;

namespace App.Models;

/// <summary>The registry of model versions and the models that are loaded; the only slice that names ONNX Runtime.</summary>
internal sealed class ModelsModule : Module;
