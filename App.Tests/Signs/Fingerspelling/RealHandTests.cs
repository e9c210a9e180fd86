using App.Engines.Models;
using App.Signs.Fingerspelling;

namespace App.Tests.Signs.Fingerspelling;

/// <summary>
/// Holds the shipped model to floors under what was measured (docs/fingerspelling.md) on people that it was not trained on: it was trained
/// on nobody.
/// </summary>
public sealed class RealHandTests
{
    [RealHandTheory]
    [InlineData("aslai_s1", 0.84)]
    [InlineData("bison_p1_p2", 0.88)]
    [InlineData("nejohnson", 0.82)]
    [InlineData("crenar_train_bbox", 0.79)]
    public void The_shipped_model_reaches_its_floor_on_real_people(string file, double floor)
    {
        using var model = Shipped();
        var tally = FrameRun.Score(model, FrameFile.ReadLabelled(Path.Combine(RealHandTheoryAttribute.Folder!, $"{file}.csv.gz")));
        Assert.True(tally.Accuracy >= floor, $"accuracy is {tally.Accuracy:P1}");
        Assert.True(tally.AccuracyOfNamed > tally.Accuracy,
            $"of the letters that are named {tally.AccuracyOfNamed:P1} are right, of all {tally.Accuracy:P1}");
    }

    [Fact]
    public void The_shipped_model_is_small_and_says_that_it_is_a_demonstration()
    {
        using var model = Shipped();
        Assert.Null(LetterModel.FaultOf(model.Spec));
        Assert.StartsWith("synthetic:", model.Spec.TrainingSource, StringComparison.Ordinal);
        Assert.DoesNotContain("files", model.Spec.TrainingSource, StringComparison.Ordinal);
        Assert.Contains("Demonstration", model.Spec.Note, StringComparison.Ordinal);
        Assert.True(model.Spec.Scores["accuracy"] > model.Spec.Scores["accuracy.centroid"]);
        Assert.InRange(new FileInfo(Path.Combine(ShippedModels.Folder, "fingerspelling.onnx")).Length, 100_000, 1_500_000);
    }

    private static OnnxModel Shipped()
    {
        var shipped = ShippedModels.Find(LetterModel.Task)!;
        return OnnxModel.Load(shipped.Artifact, shipped.Spec);
    }
}

/// <summary>
/// A theory on recorded hands that stand outside the repository, in <c>../shared/data/landmarks</c>; skipped where they are not.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RealHandTheoryAttribute : TheoryAttribute
{
    public RealHandTheoryAttribute()
    {
        if (Folder is null) Skip = "The recorded hands (../shared/data/landmarks beside the repository) are not here.";
    }

    /// <summary>Folder of the recorded hands, or null.</summary>
    public static string? Folder { get; } = Find();

    private static string? Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (!File.Exists(Path.Combine(folder.FullName, "App.sln"))) continue;
            var data = Path.GetFullPath(Path.Combine(folder.FullName, "..", "shared", "data", "landmarks"));
            return Directory.Exists(data) ? data : null;
        }
        return null;
    }
}
