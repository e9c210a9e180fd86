namespace App.Energy.Disaggregation;

/// <summary>The appliances that are told apart, in the order of the model's outputs.</summary>
internal static class Appliances
{
    /// <summary>Index of the kettle.</summary>
    public const int Kettle = 0;

    /// <summary>Index of the microwave oven.</summary>
    public const int Microwave = 1;

    /// <summary>Index of the dishwasher.</summary>
    public const int Dishwasher = 2;

    /// <summary>Index of the washing machine.</summary>
    public const int WashingMachine = 3;

    /// <summary>Index of the fridge.</summary>
    public const int Fridge = 4;

    /// <summary>What the appliances leave of the mains.</summary>
    public const string Other = "other";

    /// <summary>Names, in order.</summary>
    public static IReadOnlyList<string> Labels { get; } = ["kettle", "microwave", "dishwasher", "washing_machine", "fridge"];

    /// <summary>Names of everything that the mains are split into, in order.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Labels, Other];

    /// <summary>From how many watts on each counts as on.</summary>
    public static IReadOnlyList<float> Thresholds { get; } = [500, 200, 300, 300, 50];
}
