using App.Engines.Models;
using App.Platform.Commands;
using App.Signs.Fingerspelling;
using App.Tests.Fixtures;
using App.Training;
using App.Training.Hands;

namespace App.Tests.Training.Hands;

public sealed class LetterTrainingTests
{
    private static readonly TrainingPlan Tiny = new(Steps: 8, Seed: 3, Batch: 32);

    [Fact]
    public void Two_trainings_from_one_seed_give_the_same_model_to_the_byte()
    {
        Assert.Equal(Train(Tiny).Artifact, Train(Tiny).Artifact);
        Assert.NotEqual(Train(Tiny).Artifact, Train(Tiny with { Seed = 4 }).Artifact);
    }

    [Fact]
    public void ONNX_Runtime_answers_what_the_trainer_computes()
    {
        const float Temperature = 1.7f;
        var network = LetterTrainer.Train(new FrameMixture([], SyntheticHands.Create(2600, 1)), new(60, 2, 64), (_, _) => { },
            CancellationToken.None);
        using var model = OnnxModel.Load(LetterGraph.Write(network, Temperature), Train(Tiny).Spec);
        var frames = SyntheticHands.Create(520, 9);
        var logits = LetterNetwork.Logits(network, frames);
        using var classifier = new HandClassifier(model);
        for (var i = 0; i < frames.Count; i++)
        {
            classifier.Classify(frames.Frame(i));
            var expected = Softmax(logits.AsSpan(i * Alphabet.Count, Alphabet.Count), Temperature);
            for (var letter = 0; letter < Alphabet.Count; letter++)
                Assert.Equal(expected[letter], classifier.Probabilities(0)[letter], 1e-4);
        }
    }

    [Fact]
    public void Neither_size_nor_place_nor_order_of_a_frame_changes_the_answer()
    {
        var trained = Train(Tiny with { Steps = 60 });
        using var model = OnnxModel.Load(trained.Artifact, trained.Spec);
        var frame = SyntheticHands.Create(52, 2).Frame(5);
        var moved = new float[Landmarks.Size];
        for (var i = 0; i < moved.Length; i++) moved[i] = (frame[i] * 0.11f) + (i % 3) * 0.4f;
        using var classifier = new HandClassifier(model, 2);
        frame.CopyTo(classifier.Frame(1));
        moved.CopyTo(classifier.Frame(0));
        classifier.Run(2);
        for (var letter = 0; letter < Alphabet.Count; letter++)
            Assert.Equal(classifier.Probabilities(0)[letter], classifier.Probabilities(1)[letter], 1e-3);
    }

    [Fact]
    public void The_gradient_of_the_loss_agrees_with_finite_differences()
    {
        var random = new Random(4);
        var logits = Enumerable.Range(0, Alphabet.Count).Select(_ => (random.NextSingle() * 4) - 2).ToArray();
        var gradient = new float[logits.Length];
        LetterNetwork.Loss(logits, 5, 0.1f, gradient);
        for (var i = 0; i < logits.Length; i++)
        {
            var (above, below) = (logits.ToArray(), logits.ToArray());
            above[i] += 1e-2f;
            below[i] -= 1e-2f;
            var scratch = new float[logits.Length];
            Assert.Equal((LetterNetwork.Loss(above, 5, 0.1f, scratch) - LetterNetwork.Loss(below, 5, 0.1f, scratch)) / 2e-2,
                gradient[i], 1e-3);
        }
    }

    [Fact]
    public void Calibration_finds_the_temperature_that_logits_were_multiplied_with()
    {
        var random = new Random(6);
        var letters = new int[20_000];
        var logits = new float[letters.Length * Alphabet.Count];
        for (var i = 0; i < letters.Length; i++)
        {
            var row = logits.AsSpan(i * Alphabet.Count, Alphabet.Count);
            foreach (ref var logit in row) logit = random.NextSingle() * 6;
            var drawn = random.NextSingle();
            var probabilities = Softmax(row, 1);
            while (letters[i] < Alphabet.Count - 1 && (drawn -= probabilities[letters[i]]) > 0) letters[i]++;
            foreach (ref var logit in row) logit *= 2.5f;
        }
        var calibration = Calibration.Fit(logits, letters);
        Assert.Equal(2.5f, calibration.Temperature, 0.1f);
        var tally = new LetterTally();
        calibration.Count(logits, letters, tally);
        Assert.InRange(tally.CalibrationError, 0, 0.02);
    }

    [Fact]
    public void People_are_never_in_training_and_in_judgement_at_once()
    {
        var people = Enumerable.Range(0, 4).Select(person => SyntheticHands.Create(52, person) with { Source = $"file{person}" }).ToList();
        var output = new StringWriter();
        var trained = LetterTraining.Run(people, 0, Tiny, new PlainProgress(output, TimeProvider.System), CancellationToken.None);
        var said = output.ToString()
            .Split('\n')
            .Where(text =>
                text.Contains(" fold ", StringComparison.Ordinal) && text.Contains("without", StringComparison.Ordinal)).ToList();
        Assert.Equal(3, said.Count);
        Assert.All(people, person => Assert.Single(said, text => text.Contains(person.Signers[0], StringComparison.Ordinal)));
        Assert.All(people, person => Assert.Contains($"source.{person.Source}", trained.Spec.Scores.Keys));
        Assert.DoesNotContain("emonstration", trained.Spec.Note, StringComparison.Ordinal);
    }

    [Fact]
    public void The_spec_says_how_to_read_the_model_and_that_made_up_hands_are_a_demonstration()
    {
        var spec = Train(Tiny).Spec;
        Assert.Null(LetterModel.FaultOf(spec));
        Assert.Contains("Demonstration", spec.Note, StringComparison.Ordinal);
        Assert.All(spec.Thresholds, threshold => Assert.InRange(threshold, 0.3f, 0.9f));
        Assert.All((string[])["accuracy", "accuracy.centroid", "calibration_error", "recall.A"],
            key => Assert.Contains(key, spec.Scores.Keys));
        Assert.Equal(spec.ToJson(), ModelSpec.Parse(spec.ToJson()).ToJson());
    }

    private static TrainedModel Train(TrainingPlan plan) =>
        LetterTraining.Run([], 520, plan, CommandRun.NoProgress, CancellationToken.None);

    private static float[] Softmax(ReadOnlySpan<float> logits, float temperature)
    {
        var exponents = logits.ToArray().Select(logit => Math.Exp(logit / temperature)).ToArray();
        return [.. exponents.Select(exponent => (float)(exponent / exponents.Sum()))];
    }
}
