using System.CommandLine;
using App.Engines.Models;
using App.Platform;
using App.Platform.Configuration;
using App.Training.Hands;

namespace App.Training;

/// <summary>Trains models in C# and writes them as ONNX.</summary>
internal sealed class TrainingModule : Module
{
    /// <inheritdoc/>
    public override void AddCommands(RootCommand root, Variables variables)
    {
        ModelCommands.Train(root).Add(new TrainDisaggregationCommand(variables));
        ModelCommands.Train(root).Add(new TrainFingerspellingCommand(variables));
        ModelCommands.Evaluate(root).Add(new EvaluateFingerspellingCommand(variables));
    }
}
