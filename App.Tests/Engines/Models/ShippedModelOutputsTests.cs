using System.Text.Json;
using App.Engines.Models;

namespace App.Tests.Engines.Models;

/// <summary>
/// The shipped models answer what they answered under the ONNX Runtime that they were first served with: a new version of it
/// changes no prediction. Models that are replaced on purpose bring new values.
/// </summary>
public sealed class ShippedModelOutputsTests
{
    private const int Rows = 4;
    private const double Tolerance = 1e-5;

    [Theory]
    [InlineData("disaggregation")]
    [InlineData("fingerspelling")]
    public void A_shipped_model_answers_the_values_that_are_checked_in(string name)
    {
        var path = Path.Combine(ShippedModels.Folder, name + ".onnx");
        using var model = OnnxModel.Load(File.ReadAllBytes(path), ShippedModels.ReadSpec(path));
        var (input, output) = (new float[Rows * model.Spec.Input.RowSize], new float[Rows * model.Spec.Output.RowSize]);
        for (var i = 0; i < input.Length; i++) input[i] = name == "disaggregation" ? i * 7919 % 3001 : ((i * 7919 % 2003) - 1001) / 1001f;
        model.Run(input, output, Rows);
        var expected =
            JsonSerializer.Deserialize<float[]>(
                File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Engines/Models/ShippedModelOutputs", name + ".json")))!;
        Assert.Equal(expected.Length, output.Length);
        // Watts go into the thousands, where a float has no more than seven digits.
        Assert.All(output.Zip(expected),
            pair =>
                Assert.InRange(pair.First - pair.Second, -Tolerance * Math.Max(1, Math.Abs(pair.Second)),
                    Tolerance * Math.Max(1, Math.Abs(pair.Second))));
    }
}
