namespace App.Development;

/// <summary>What a simulation was asked for.</summary>
internal sealed record SimulationOptions
{
    /// <summary>The server.</summary>
    public required Uri Url { get; init; }

    /// <summary>An API key with the scope <c>ingest</c>.</summary>
    public required string Key { get; init; }

    /// <summary>Building that the readings belong to.</summary>
    public string Building { get; init; } = "sim-1";

    /// <summary>Which household it is.</summary>
    public int Seed { get; init; }

    /// <summary>Days before now that are posted first.</summary>
    public int Days { get; init; } = 1;

    /// <summary>Whether it goes on with a reading every ten seconds.</summary>
    public bool Live { get; init; } = true;

    /// <summary>How many times faster than life the past is posted; 0: as fast as the server takes it.</summary>
    public int Speed { get; init; }
}
