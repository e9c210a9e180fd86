using App.Engines.Models;

namespace App.Tests.Fixtures;

/// <summary>The models that the product ships.</summary>
internal static class TestModels
{
    /// <summary>Path of the shipped disaggregation model.</summary>
    public static string ShippedPath => Path.Combine(ShippedModels.Folder, "disaggregation.onnx");

    /// <summary>The shipped disaggregation model, loaded.</summary>
    public static OnnxModel Shipped() => OnnxModel.Load(File.ReadAllBytes(ShippedPath), ShippedModels.ReadSpec(ShippedPath));
}
