using App.Energy.Disaggregation;
using App.Tests.Fixtures;

namespace App.Tests.Energy.Disaggregation;

/// <summary>
/// Holds the shipped model to floors a little under what was measured (docs/models.md) on houses that it was not trained on.
/// </summary>
public sealed class RealHouseTests
{
    [RealHouseTheory]
    [InlineData("refit_h2_60s", Appliances.Kettle, 0.83, 9)]
    [InlineData("refit_h2_60s", Appliances.Microwave, 0.35, 4)]
    [InlineData("refit_h2_60s", Appliances.Dishwasher, 0.83, 29)]
    [InlineData("refit_h2_60s", Appliances.WashingMachine, 0.68, 12)]
    [InlineData("refit_h20_60s", Appliances.Kettle, 0.83, 5.5)]
    [InlineData("refit_h20_60s", Appliances.Microwave, 0.34, 6)]
    [InlineData("refit_h20_60s", Appliances.Dishwasher, 0.82, 5)]
    [InlineData("refit_h20_60s", Appliances.WashingMachine, 0.65, 6)]
    [InlineData("ideal_h65_60s", Appliances.Dishwasher, 0.56, 9.5)]
    [InlineData("ideal_h65_60s", Appliances.WashingMachine, 0.41, 21)]
    [InlineData("redd_h1_3s", Appliances.Dishwasher, 0.82, 10.5)]
    [InlineData("redd_h1_3s", Appliances.Fridge, 0.89, 21)]
    [InlineData("redd_h3_3s", Appliances.Dishwasher, 0.46, 17)]
    [InlineData("redd_h3_3s", Appliances.Fridge, 0.88, 17)]
    public void The_shipped_model_reaches_its_floor_and_beats_the_baselines(string file, int label, double f1, double mae)
    {
        var score = ScoresOf(file).Single(s => s.Label == label);
        Assert.True(score.Model.F1 >= f1, $"F1 is {score.Model.F1:F3}");
        Assert.True(score.Model.Mae <= mae, $"MAE is {score.Model.Mae:F2} W");
        foreach (var baseline in new[] { score.Zero, score.TrainingMean, score.Edges })
            Assert.True(score.Model.F1 > baseline.F1, $"a baseline has F1 {baseline.F1:F3}");
    }

    [Fact]
    public void The_shipped_model_is_small_and_says_where_it_comes_from()
    {
        Assert.InRange(new FileInfo(TestModels.ShippedPath).Length, 100_000, 3_000_000);
        using var model = TestModels.Shipped();
        Assert.StartsWith("simulator:", model.Spec.TrainingSource, StringComparison.Ordinal);
        Assert.Contains("train disaggregation --simulate", model.Spec.Note, StringComparison.Ordinal);
    }

    private static readonly Dictionary<string, Lazy<IReadOnlyList<ApplianceScores>>> Scores =
        new[] { "refit_h2_60s", "refit_h20_60s", "ideal_h65_60s", "redd_h1_3s", "redd_h3_3s" }.ToDictionary(file => file,
            file => new Lazy<IReadOnlyList<ApplianceScores>>(() =>
        {
            using var model = TestModels.Shipped();
            return Evaluation.Score(model, MeterFile.Read(Path.Combine(RealHouseTheoryAttribute.Folder!, $"{file}.csv.gz")));
        }));

    private static IReadOnlyList<ApplianceScores> ScoresOf(string file) => Scores[file].Value;
}

/// <summary>
/// A theory on measured houses that stand outside the repository, in <c>../shared/data/nilm</c>; skipped where they are not.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RealHouseTheoryAttribute : TheoryAttribute
{
    public RealHouseTheoryAttribute()
    {
        if (Folder is null) Skip = "The measured houses (../shared/data/nilm beside the repository) are not here.";
    }

    /// <summary>Folder of the measured houses, or null.</summary>
    public static string? Folder { get; } = Find();

    private static string? Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (!File.Exists(Path.Combine(folder.FullName, "App.sln"))) continue;
            var data = Path.GetFullPath(Path.Combine(folder.FullName, "..", "shared", "data", "nilm"));
            return Directory.Exists(data) ? data : null;
        }
        return null;
    }
}
