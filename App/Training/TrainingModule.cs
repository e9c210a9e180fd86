using App.Platform;
using App.Training.Hands;

namespace App.Training;

/// <summary>Trains models in C# and writes them as ONNX.</summary>
internal sealed class TrainingModule : Module
{
    /// <inheritdoc/>
    public override IEnumerable<Command> Commands => [TrainDisaggregationCommand.Definition, TrainFingerspellingCommand.Definition, EvaluateFingerspellingCommand.Definition];
}
