using System.CommandLine;
using System.Globalization;
using App.Engines.Models;
using App.Platform;
using App.Platform.Commands;
using App.Platform.Configuration;

namespace App.Signs.Fingerspelling;

/// <summary><c>App spell</c>: names the letter in each frame of a file, with the code of the server.</summary>
internal sealed class SpellCommand : Command
{
    private readonly Option<string> from = CommandOptions.ExistingFile("--in", "frames.csv[.gz]",
        "Frames of a hand: columns id, x0, y0, z0 to x20, y20, z20.");
    private readonly Option<string> to = CommandOptions.Required("--out", "letters.csv",
        "Where the letters go: columns id, letter, confidence.");
    private readonly Option<string?> model = ModelCommands.Model();
    private readonly Variables variables;

    /// <summary>The command.</summary>
    public SpellCommand(Variables variables) : base("spell", "Names the letter that each frame of a hand shows.")
    {
        this.variables = variables;
        Add(from);
        Add(to);
        Add(model);
        SetAction((line, ct) => CommandProgress.RunAsync(line.InvocationConfiguration.Error, progress => RunAsync(line, progress, ct)));
    }

    private async Task<CommandSummary> RunAsync(ParseResult line, CommandProgress progress, CancellationToken ct)
    {
        var (path, target) = (line.GetRequiredValue(from), line.GetRequiredValue(to));
        using var offline = await LetterModel.LoadAsync(line.GetValue(model), variables, ct);
        var frames = FrameFile.ReadUnlabelled(path);
        var guesses = FrameRun.Guess(offline.Model, frames.Landmarks, done => progress.Report("frames named", done, frames.Ids.Count));
        try
        {
            await using var writer = new StreamWriter(target);
            Write(writer, frames.Ids, guesses);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new UsageException($"--out is '{target}': it cannot be written ({e.Message}).");
        }
        return new(("model", offline.Label), ("named", $"{guesses.Length:N0} frames of {path}"), ("wrote", target));
    }

    /// <summary>
    /// Writes <c>id,letter,confidence</c>, a row a frame in the order of the file. The letter is always the likeliest one: who
    /// wants "no letter" holds its confidence against the threshold in the model's spec.
    /// </summary>
    public static void Write(TextWriter writer, IReadOnlyList<string> ids, IReadOnlyList<LetterGuess> guesses)
    {
        writer.Write("id,letter,confidence\n");
        for (var i = 0; i < ids.Count; i++)
            writer.Write(
                string.Create(CultureInfo.InvariantCulture, $"{ids[i]},{Alphabet.Letter(guesses[i].Best)},{guesses[i].Confidence:F4}\n"));
    }
}
