using App.Engines.Models;
using App.Signs.Fingerspelling;
using App.Training;

namespace App.Tests.Signs.Fingerspelling.Live;

/// <summary>
/// A model whose answer tells which frame it was asked about, and which version answered: the letter is x of the wrist, and
/// so many letters further. Halfway between two letters it is sure of neither.
/// </summary>
internal static class LetterByPosition
{
    public static ModelSpec Spec { get; } = new()
    {
        Name = LetterModel.Task,
        Input = LetterModel.Input,
        Output = LetterModel.Output,
        Labels = Alphabet.Labels,
        Thresholds = [.. Enumerable.Repeat(0.6f, Alphabet.Count)],
        Unit = LetterModel.Logit,
        TrainingSource = "written by hand",
    };

    /// <summary>-(k - shift - x)², as far as it depends on k: the largest where k is x + shift.</summary>
    public static byte[] Artifact(int shift = 0)
    {
        const float Steepness = 5;
        var weights = new float[Landmarks.Size * Alphabet.Count];
        var bias = new float[Alphabet.Count];
        for (var k = 0; k < Alphabet.Count; k++)
        {
            // Beyond the last letter the first follows.
            var at = ((k - shift) % Alphabet.Count + Alphabet.Count) % Alphabet.Count;
            (weights[k], bias[k]) = (2 * Steepness * at, -Steepness * at * at);
        }
        var graph = new OnnxGraph("letter by position");
        var flat = graph.Node("Flatten", [graph.Input(LetterModel.Input.Name, 1, Landmarks.Count, Landmarks.Dimensions)]);
        graph.Node("Gemm", [flat, graph.Constant(weights, Landmarks.Size, Alphabet.Count), graph.Constant(bias, Alphabet.Count)],
            LetterModel.Output.Name);
        graph.Output(LetterModel.Output.Name, Alphabet.Count);
        return graph.ToArray();
    }

    /// <summary>A hand that shows the letter.</summary>
    public static float[] Hand(double letter)
    {
        var hand = new float[Landmarks.Size];
        for (var i = 1; i < hand.Length; i++) hand[i] = i / 100f;
        hand[0] = (float)letter;
        return hand;
    }
}
