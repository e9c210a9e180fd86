using App.Energy.Disaggregation;
using App.Platform.Files;

namespace App.Training;

/// <summary>Houses to train on and houses to calibrate and score on.</summary>
/// <param name="Training">To train on.</param>
/// <param name="Validation">Others: gates are chosen on the first half of them, scores come from the second.</param>
/// <param name="Source">What they are, for the model's spec.</param>
/// <param name="Split">How they were split, for the model's spec.</param>
/// <param name="Option">The option of the command that asks for them.</param>
internal sealed record TrainingHouses(IReadOnlyList<House> Training, IReadOnlyList<House> Validation, string Source, string Split,
    string Option)
{
    private const int SimulatedValidation = 240;
    private const double TrainingShare = 0.85;

    /// <summary>Houses out of the simulator.</summary>
    public static TrainingHouses Simulated(int households, int seed)
    {
        var validation = Math.Clamp(households / 4, 2, SimulatedValidation);
        return new(SimulatedHouses.Create(households, seed, SimulatedHouses.Days),
            SimulatedHouses.Create(validation, ~seed, SimulatedHouses.Days),
            $"simulator: {households} households of {SimulatedHouses.Days} days",
            $"by house: {households} simulated households to train on, {validation / 2} others for the gates, "
            + $"{validation - (validation / 2)} others for the scores",
            $"--simulate {households}");
    }

    /// <summary>Houses out of files: the last part of each is kept for validation.</summary>
    /// <exception cref="BadFileException">A file is bad, or none holds truth.</exception>
    public static TrainingHouses OfFiles(IReadOnlyList<string> files)
    {
        var houses = files.Select(MeterFile.Read).ToList();
        if (houses.TrueForAll(house => house.Truth.All(truth => truth is null)))
            throw new BadFileException(files[0], 1,
                $"there is no truth to learn from: name columns after appliances ({string.Join(", ", Appliances.Labels)})");
        var held = 1 - ((1 - TrainingShare) / 2);
        return new([.. houses.Select(house => Part(house, 0, TrainingShare))],
            [.. houses.Select(house => Part(house, TrainingShare, held)), .. houses.Select(house => Part(house, held, 1))],
            $"files: {string.Join(", ", files.Select(Path.GetFileName))}",
            $"by time: the first {TrainingShare:P0} of each file to train on, half of the rest for the gates, "
            + $"the last {1 - held:P1} for the scores",
            "--data <the files>");
    }

    private static House Part(House house, double from, double to)
    {
        var span = (int)(house.Mains.Length * from)..(int)(house.Mains.Length * to);
        return new House(house.Name, house.Starts[span], house.Mains[span],
            [.. house.Truth.Select(truth => truth?[span])])
        { Low = house.Low[span], High = house.High[span] };
    }
}
