using App.Signs.Fingerspelling;

namespace App.Training.Hands;

/// <summary>Scores of a model of letters as its spec keeps them.</summary>
internal static class LetterScores
{
    /// <summary>Overall, of each source where there are several, and of each letter.</summary>
    /// <param name="bySource">What was counted.</param>
    /// <param name="centroid">Accuracy of the baseline.</param>
    public static IReadOnlyDictionary<string, double> Of(IReadOnlyDictionary<string, LetterTally> bySource, double centroid)
    {
        var all = new LetterTally();
        foreach (var tally in bySource.Values) all.Add(tally);
        var scores = new Dictionary<string, double>
        {
            ["accuracy"] = Rounded(all.Accuracy),
            ["accuracy.centroid"] = Rounded(centroid),
            ["coverage"] = Rounded(all.Coverage),
            ["accuracy_of_named"] = Rounded(all.AccuracyOfNamed),
            ["calibration_error"] = Rounded(all.CalibrationError),
        };
        if (bySource.Count > 1)
        {
            foreach (var (source, tally) in bySource) scores[$"source.{source}"] = Rounded(tally.Accuracy);
        }
        for (var letter = 0; letter < Alphabet.Count; letter++)
        {
            if (all.Of(letter) > 0) scores[$"recall.{Alphabet.Letter(letter)}"] = Rounded(all.Recall(letter));
        }
        return scores;
    }

    private static double Rounded(double value) => Math.Round(value, 4);
}
