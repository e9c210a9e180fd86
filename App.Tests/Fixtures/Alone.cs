namespace App.Tests.Fixtures;

/// <summary>Tests that run beside no other: they measure what this process holds.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    /// <summary>Its name.</summary>
    public const string Name = "alone";
}
