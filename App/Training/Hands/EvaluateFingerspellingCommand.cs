using System.CommandLine;
using App.Engines.Models;
using App.Platform.Commands;
using App.Platform.Configuration;
using App.Platform.Files;
using App.Signs.Fingerspelling;

namespace App.Training.Hands;

/// <summary>
/// <c>App evaluate fingerspelling</c>: scores a model on frames whose letters are known, by source and letter, beside a baseline.
/// </summary>
internal sealed class EvaluateFingerspellingCommand : Command
{
    private const int BaselineHands = 26_000;
    private const int BaselineSeed = 1;
    private const int WorstLetters = 8;

    private readonly Option<string> data =
        ModelCommands.Data("Frames whose letters are known: columns label, x0, y0, z0 to x20, y20, z20.");
    private readonly Option<string?> model = ModelCommands.Model();
    private readonly Variables variables;

    /// <summary>The command.</summary>
    public EvaluateFingerspellingCommand(Variables variables) : base("fingerspelling", "Scores a model on frames whose letters are known.")
    {
        this.variables = variables;
        Add(data);
        Add(model);
        SetAction((line, ct) => CommandProgress.RunAsync(line.InvocationConfiguration.Error, progress => RunAsync(line, progress, ct)));
    }

    private async Task<CommandSummary> RunAsync(ParseResult line, CommandProgress progress, CancellationToken ct)
    {
        var output = line.InvocationConfiguration.Output;
        var files = CsvFiles.In(line.GetRequiredValue(data));
        using var offline = await LetterModel.LoadAsync(line.GetValue(model), variables, ct);
        // Known without any recording, as the shipped model is.
        var baseline = new NearestCentroid([SyntheticHands.Create(BaselineHands, BaselineSeed)]);
        await output.WriteLineAsync(
            $"{offline.Label}; baseline: the nearest mean of {BaselineHands} made-up hands; "
            + "'named' are the frames that are called a letter at all");
        await output.WriteLineAsync(Header);
        var all = new LetterTally();
        var centroid = 0.0;
        var done = 0;
        foreach (var file in files)
        {
            ct.ThrowIfCancellationRequested();
            var frames = FrameFile.ReadLabelled(file);
            var tally = FrameRun.Score(offline.Model, frames);
            var accuracy = baseline.Accuracy(frames);
            await output.WriteLineAsync(Row(frames.Source, tally, accuracy));
            all.Add(tally);
            centroid += accuracy * frames.Count;
            progress.Report("files scored", ++done, files.Count);
        }
        if (files.Count > 1) await output.WriteLineAsync(Row("all", all, centroid / all.Count));
        await output.WriteLineAsync();
        foreach (var text in Letters(all)) await output.WriteLineAsync(text);
        return new(("model", offline.Label), ("scored", $"{all.Count:N0} frames"));
    }

    private static string Header =>
        $"{"source",-28}{"frames",8}{"accuracy",10}{"baseline",10}{"named",8}{"of these",10}{"calibration error",19}";

    private static string Row(string source, LetterTally tally, double baseline) =>
        $"{source,-28}{tally.Count,8}{tally.Accuracy,10:P1}{baseline,10:P1}{tally.Coverage,8:P0}"
            + $"{tally.AccuracyOfNamed,10:P1}{tally.CalibrationError,19:F3}";

    private static IEnumerable<string> Letters(LetterTally tally)
    {
        var known = Enumerable.Range(0, Alphabet.Count).Where(letter => tally.Of(letter) > 0).ToList();
        yield return "recognised: " + string.Join(" ", known.Select(letter => $"{Alphabet.Letter(letter)} {tally.Recall(letter):P0}"));
        foreach (var letter in known.OrderBy(tally.Recall).Take(WorstLetters))
        {
            if (tally.WorstMistake(letter) is { } mistake)
                yield return $"{Alphabet.Letter(letter)}: {tally.Recall(letter):P0} of {tally.Of(letter)}, most often taken for "
                    + $"{Alphabet.Letter(mistake.Letter)} ({mistake.Share:P0})";
        }
    }
}
