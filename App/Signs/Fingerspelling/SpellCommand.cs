using System.Globalization;
using App.Platform;
using App.Platform.Configuration;
using App.Platform.Files;

namespace App.Signs.Fingerspelling;

/// <summary><c>App spell</c>: names the letter in each frame of a file, with the code of the server.</summary>
internal static class SpellCommand
{
    /// <summary>The command.</summary>
    public static Command Definition { get; } = new("spell",
        "--in frames.csv[.gz] --out letters.csv [--model file.onnx|name@version]: name the letter that each frame of a hand shows", RunAsync);

    private static async Task<int> RunAsync(CommandLine line, Variables variables, CancellationToken cancellation)
    {
        var (from, to, modelPath) = (line.Required("in"), line.Required("out"), line.Optional("model"));
        line.RefuseUnread();
        if (!File.Exists(from)) throw new UsageException($"--in is '{from}': there is no such file.");
        using var offline = await LetterModel.LoadAsync(modelPath, variables, cancellation);
        var model = offline.Model;
        return await BadFileException.ReportAsync(() =>
        {
            var frames = FrameFile.ReadUnlabelled(from);
            var guesses = FrameRun.Guess(model, frames.Landmarks);
            try
            {
                using var writer = new StreamWriter(to);
                Write(writer, frames.Ids, guesses);
            }
            catch (Exception e) when (e is UnauthorizedAccessException or IOException)
            {
                throw new UsageException($"--out is '{to}': it cannot be written ({e.Message}).");
            }
            return 0;
        });
    }

    /// <summary>
    /// Writes <c>id,letter,confidence</c>, a row a frame in the order of the file. The letter is always the likeliest one: who
    /// wants "no letter" holds its confidence against the threshold in the model's spec.
    /// </summary>
    public static void Write(TextWriter writer, IReadOnlyList<string> ids, IReadOnlyList<LetterGuess> guesses)
    {
        writer.Write("id,letter,confidence\n");
        for (var i = 0; i < ids.Count; i++)
            writer.Write(string.Create(CultureInfo.InvariantCulture, $"{ids[i]},{Alphabet.Letter(guesses[i].Best)},{guesses[i].Confidence:F4}\n"));
    }
}
