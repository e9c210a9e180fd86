using App.Engines.Models;
using App.Platform.Commands;
using App.Signs.Fingerspelling;

namespace App.Training.Hands;

/// <summary>From frames to a model with its calibration, scores and spec. People are never in training and in judgement at once.</summary>
internal static class LetterTraining
{
    private const int JudgedHands = 20_800;

    // Real people differ from made-up ones more than these from each other: confidence is fitted to people so strange that about
    // as many of their frames are mistaken.
    private const double Strangeness = 2.2;
    private const int MostFolds = 3;

    /// <summary>Trains, calibrates, writes the graph and scores it.</summary>
    /// <param name="recorded">Recorded hands, by source; may be empty.</param>
    /// <param name="hands">Made-up hands to train on as well; may be none where there are recorded ones.</param>
    /// <param name="plan">How long, from which seed.</param>
    /// <param name="progress">Told how it goes.</param>
    /// <param name="cancellation">Stops it.</param>
    public static TrainedModel Run(IReadOnlyList<LabelledFrames> recorded, int hands, TrainingPlan plan, CommandProgress progress,
        CancellationToken cancellation)
    {
        var people =
            recorded.SelectMany(frames => frames.Signers.Distinct().Select(signer => frames.Where(name => name == signer))).ToList();
        var synthetic = hands > 0 ? SyntheticHands.Create(hands, plan.Seed) : null;
        progress.Say(
            $"{people.Sum(person => person.Count)} recorded frames of {people.Count} people, {synthetic?.Count ?? 0} made-up hands");
        return people.Count > 1
            ? OfPeople(people, synthetic, plan, progress, cancellation)
            : OfMadeUpHands(people, synthetic, plan, progress, cancellation);
    }

    /// <summary>Judged on made-up people, for want of others.</summary>
    private static TrainedModel OfMadeUpHands(
        List<LabelledFrames> people, LabelledFrames? synthetic, TrainingPlan plan, CommandProgress progress, CancellationToken cancellation)
    {
        var network = Train(people, synthetic, plan, "steps", progress, cancellation);
        var fitted = SyntheticHands.Create(JudgedHands, ~plan.Seed, Strangeness);
        var judged = SyntheticHands.Create(JudgedHands, plan.Seed ^ 0x5eed, Strangeness);
        var calibration = Calibration.Fit(LetterNetwork.Logits(network, fitted), fitted.Letters);
        var spec = Spec(people, synthetic, plan, calibration) with
        {
            Split =
                $"by signer: {synthetic?.Signers.Distinct().Count() ?? 0} made-up signers and {people.Count} recorded ones to train on, " +
                $"{fitted.Signers.Distinct().Count()} other made-up signers for the calibration, as many for the scores, "
                + $"who differ {Strangeness} times as much",
        };
        return Finish(network, spec, calibration, [judged], [.. people, .. synthetic is null ? [] : new[] { synthetic }], progress);
    }

    /// <summary>Judged on each third of the people by a network of the others; the model that is kept is trained on all.</summary>
    private static TrainedModel OfPeople(
        List<LabelledFrames> people, LabelledFrames? synthetic, TrainingPlan plan, CommandProgress progress, CancellationToken cancellation)
    {
        var folds = Math.Min(MostFolds, people.Count);
        var tally = new Dictionary<string, LetterTally>();
        var (logits, letters) = (new List<float>(), new List<int>());
        var centroid = 0.0;
        var judged = new List<(LabelledFrames Person, float[] Logits)>();
        for (var fold = 0; fold < folds; fold++)
        {
            var (kept, held) = (people.Where((_, i) => i % folds != fold).ToList(), people.Where((_, i) => i % folds == fold).ToList());
            progress.Say($"fold {fold + 1} of {folds}: without {string.Join(", ", held.Select(person => person.Signers[0]))}");
            var network = Train(kept, synthetic, plan with { Steps = Math.Max(1, plan.Steps / 2) }, $"steps of fold {fold + 1}", progress,
                cancellation);
            var baseline = new NearestCentroid(kept);
            foreach (var person in held)
            {
                var answer = LetterNetwork.Logits(network, person);
                judged.Add((person, answer));
                logits.AddRange(answer);
                letters.AddRange(person.Letters);
                centroid += baseline.Accuracy(person) * person.Count;
            }
        }
        var calibration = Calibration.Fit([.. logits], letters);
        foreach (var (person, answer) in judged)
            calibration.Count(answer, person.Letters, tally[person.Source] = tally.GetValueOrDefault(person.Source) ?? new());
        progress.Say("the model itself: all people");
        var final = Train(people, synthetic, plan, "steps", progress, cancellation);
        var spec = Spec(people, synthetic, plan, calibration) with
        {
            Split =
                $"by signer: {people.Count} recorded people; calibration and scores are of {folds} networks, "
                + "each trained without the people that it is judged on; the model is trained on all",
            Scores = LetterScores.Of(tally, centroid / letters.Count),
        };
        foreach (var (source, scores) in tally)
            progress.Say($"{source}: {scores.Accuracy:P1} of frames right by networks that had not seen these people");
        return new(LetterGraph.Write(final, calibration.Temperature), spec);
    }

    private static TrainedModel Finish(
        Network network, ModelSpec spec, Calibration calibration, List<LabelledFrames> judged, List<LabelledFrames> trainedOn,
        CommandProgress progress)
    {
        var artifact = LetterGraph.Write(network, calibration.Temperature);
        using var model = OnnxModel.Load(artifact, spec);
        var baseline = new NearestCentroid(trainedOn);
        var tally = judged.ToDictionary(frames => frames.Source, frames => FrameRun.Score(model, frames));
        foreach (var (source, scores) in tally) progress.Say($"{source}: {scores.Accuracy:P1} of frames right");
        return new(artifact, spec with { Scores = LetterScores.Of(tally, judged.Average(baseline.Accuracy)) });
    }

    private static Network Train(
        List<LabelledFrames> people, LabelledFrames? synthetic, TrainingPlan plan, string task, CommandProgress progress,
        CancellationToken cancellation) =>
        LetterTrainer.Train(new FrameMixture(people, synthetic), plan,
            (step, loss) => progress.Report(task, step, plan.Steps, $"loss {loss:F3}"), cancellation);

    private static ModelSpec Spec(List<LabelledFrames> people, LabelledFrames? synthetic, TrainingPlan plan, Calibration calibration)
    {
        var sources = people.Select(person => person.Source).Distinct().ToList();
        var madeUp = synthetic is null
            ? "" : $"synthetic: {synthetic.Count} hands of {synthetic.Signers.Distinct().Count()} made-up signers";
        var command =
            $"App train fingerspelling {(people.Count > 0 ? "--data <the files> " : "")}--synthetic "
            + $"{synthetic?.Count ?? 0} --seed {plan.Seed} --steps {plan.Steps} --out {LetterModel.Task}.onnx";
        return new()
        {
            Name = LetterModel.Task,
            Input = LetterModel.Input,
            Output = LetterModel.Output,
            Unit = LetterModel.Probability,
            Labels = Alphabet.Labels,
            Thresholds = [.. Enumerable.Repeat(calibration.Threshold, Alphabet.Count)],
            TrainingSource = string.Join("; ",
                new[] { madeUp, sources.Count > 0 ? $"files: {string.Join(", ", sources)}" : "" }.Where(part => part.Length > 0)),
            Seed = plan.Seed,
            Note = (people.Count == 0
                ? "Demonstration: trained only on hands that the product makes up; "
                    + "train on recordings of your signers before you rely on it. " : "") +
                $"Answers are probabilities, calibrated with temperature {calibration.Temperature:F2}; "
                + $"under {calibration.Threshold:F2} there is no letter. " +
                $"J and Z are movements: one frame shows where the hand is, not where it goes. Trained by: {command}",
        };
    }
}
