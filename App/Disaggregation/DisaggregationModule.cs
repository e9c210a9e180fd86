using App.Platform;

namespace App.Disaggregation;

/// <summary>Whole-house power in, per-appliance power out.</summary>
internal sealed class DisaggregationModule : Module
{
    /// <inheritdoc/>
    public override IEnumerable<Command> Commands => [DisaggregateCommand.Definition, EvaluateCommand.Definition];
}
