using App.Platform;
using App.Platform.Configuration;
using App.Platform.Files;
using App.Signs.Fingerspelling;

namespace App.Training.Hands;

/// <summary><c>App evaluate fingerspelling</c>: scores a model on frames whose letters are known, by source and letter, beside a baseline.</summary>
internal static class EvaluateFingerspellingCommand
{
    private const int BaselineHands = 26_000;
    private const int BaselineSeed = 1;
    private const int WorstLetters = 8;

    /// <summary>The command.</summary>
    public static Command Definition { get; } = new("evaluate fingerspelling",
        "--data file.csv[.gz]|folder [--model file.onnx|name@version]: score a model on frames whose letters are known", RunAsync);

    private static async Task<int> RunAsync(CommandLine line, Variables variables, CancellationToken cancellation)
    {
        var (data, modelPath) = (line.Required("data"), line.Optional("model"));
        line.RefuseUnread();
        var files = CsvFiles.In(data);
        using var offline = await LetterModel.LoadAsync(modelPath, variables, cancellation);
        var model = offline.Model;
        return await BadFileException.ReportAsync(() =>
        {
            // Known without any recording, as the shipped model is.
            var baseline = new NearestCentroid([SyntheticHands.Create(BaselineHands, BaselineSeed)]);
            Console.WriteLine($"{offline.Label}; baseline: the nearest mean of {BaselineHands} made-up hands; 'named' are the frames that are called a letter at all");
            Console.WriteLine(Header);
            var all = new LetterTally();
            var centroid = 0.0;
            foreach (var file in files)
            {
                cancellation.ThrowIfCancellationRequested();
                var frames = FrameFile.ReadLabelled(file);
                var tally = FrameRun.Score(model, frames);
                var accuracy = baseline.Accuracy(frames);
                Console.WriteLine(Row(frames.Source, tally, accuracy));
                all.Add(tally);
                centroid += accuracy * frames.Count;
            }
            if (files.Count > 1) Console.WriteLine(Row("all", all, centroid / all.Count));
            Console.WriteLine();
            foreach (var text in Letters(all)) Console.WriteLine(text);
            return 0;
        });
    }

    private static string Header =>
        $"{"source",-28}{"frames",8}{"accuracy",10}{"baseline",10}{"named",8}{"of these",10}{"calibration error",19}";

    private static string Row(string source, LetterTally tally, double baseline) =>
        $"{source,-28}{tally.Count,8}{tally.Accuracy,10:P1}{baseline,10:P1}{tally.Coverage,8:P0}{tally.AccuracyOfNamed,10:P1}{tally.CalibrationError,19:F3}";

    private static IEnumerable<string> Letters(LetterTally tally)
    {
        var known = Enumerable.Range(0, Alphabet.Count).Where(letter => tally.Of(letter) > 0).ToList();
        yield return "recognised: " + string.Join(" ", known.Select(letter => $"{Alphabet.Letter(letter)} {tally.Recall(letter):P0}"));
        foreach (var letter in known.OrderBy(tally.Recall).Take(WorstLetters))
        {
            if (tally.WorstMistake(letter) is { } mistake)
                yield return $"{Alphabet.Letter(letter)}: {tally.Recall(letter):P0} of {tally.Of(letter)}, most often taken for {Alphabet.Letter(mistake.Letter)} ({mistake.Share:P0})";
        }
    }
}
