using App.Engines.Models;
using App.Signs.Fingerspelling;
using App.Tests.Fixtures;
using App.Training.Hands;

namespace App.Tests.Signs.Fingerspelling;

public sealed class HandClassifierTests
{
    [Fact]
    public void A_frame_is_answered_alike_alone_and_in_company()
    {
        using var model = Shipped();
        var frames = SyntheticHands.Create(52, 3);
        using var alone = new HandClassifier(model);
        using var together = new HandClassifier(model, 52);
        frames.Landmarks.CopyTo(together.Frames);
        together.Run(52);
        for (var row = 0; row < 52; row++)
        {
            var guess = alone.Classify(frames.Frame(row));
            Assert.Equal(guess.Best, together.Guess(row).Best);
            Assert.Equal(guess.Confidence, together.Guess(row).Confidence, 1e-4);
        }
    }

    [Fact]
    public void A_run_allocates_nothing()
    {
        using var model = Shipped();
        using var classifier = new HandClassifier(model, 4);
        var frames = SyntheticHands.Create(52, 3);
        frames.Landmarks.AsSpan(0, 4 * Landmarks.Size).CopyTo(classifier.Frames);
        void Run()
        {
            classifier.Run(4);
            classifier.Run(1);
            classifier.Guess(0);
        }
        for (var warm = 0; warm < 50; warm++) Run();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var run = 0; run < 1000; run++) Run();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000);
    }

    [Fact]
    public void Logits_become_probabilities_and_what_is_unsure_is_no_letter()
    {
        var trained = new LetterStub();
        using var model = OnnxModel.Load(trained.Artifact,
            trained.Spec with { Unit = LetterModel.Logit, Thresholds = [.. Enumerable.Repeat(0.99f, 26)] });
        using var classifier = new HandClassifier(model);
        var guess = classifier.Classify(SyntheticHands.Create(52, 3).Frame(1));
        var sum = 0f;
        foreach (var probability in classifier.Probabilities(0)) sum += probability;
        Assert.Equal(1, sum, 1e-4);
        Assert.Null(guess.Letter);
        Assert.Equal(guess.Best, new LetterGuess(guess.Best, 1, true).Letter - 'A');
    }

    [Theory]
    [InlineData("labels")]
    [InlineData("input")]
    [InlineData("output")]
    [InlineData("unit")]
    public void A_spec_that_cannot_be_fed_or_read_is_refused(string fault)
    {
        var spec = new LetterStub().Spec;
        Assert.Null(LetterModel.FaultOf(spec));
        Assert.Contains(fault, LetterModel.FaultOf(fault switch
        {
            "labels" => spec with { Labels = [.. spec.Labels.Reverse()] },
            "input" => spec with { Input = new("input", [-1, 63]) },
            "output" => spec with { Output = new("output", [-1, 24]) },
            _ => spec with { Unit = "W" },
        }), StringComparison.Ordinal);
    }

    private static OnnxModel Shipped()
    {
        var shipped = ShippedModels.Find(LetterModel.Task)!;
        return OnnxModel.Load(shipped.Artifact, shipped.Spec);
    }

    /// <summary>An untrained model.</summary>
    private sealed class LetterStub
    {
        private readonly App.Training.TrainedModel trained = LetterTraining.Run([], 52, new(1, 1, 16), CommandRun.NoProgress,
            CancellationToken.None);

        public byte[] Artifact => trained.Artifact;

        public ModelSpec Spec => trained.Spec;
    }
}
