namespace App.Tests.Scenarios;

/// <summary>Scenarios run one after the other and beside no other test: they measure times or memory.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ScenarioCollection
{
    /// <summary>Its name.</summary>
    public const string Name = "scenarios";
}
