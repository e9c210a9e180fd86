using App.Engines.Models;

namespace App.Signs.Fingerspelling;

/// <summary>Runs a model over many frames, on every core.</summary>
internal static class FrameRun
{
    private const int Batch = 64;

    /// <summary>What the model says of each frame.</summary>
    /// <param name="model">Model of the task <see cref="LetterModel"/>.</param>
    /// <param name="landmarks">Raw landmarks, <see cref="Landmarks.Size"/> floats a frame.</param>
    /// <param name="progress">Told how many frames are done, by several threads.</param>
    public static LetterGuess[] Guess(OnnxModel model, float[] landmarks, Action<int>? progress = null)
    {
        var guesses = new LetterGuess[landmarks.Length / Landmarks.Size];
        var done = 0;
        Parallel.For(0, (guesses.Length + Batch - 1) / Batch, () => new HandClassifier(model, Batch), (chunk, _, classifier) =>
        {
            var first = chunk * Batch;
            var rows = Math.Min(Batch, guesses.Length - first);
            landmarks.AsSpan(first * Landmarks.Size, rows * Landmarks.Size).CopyTo(classifier.Frames);
            classifier.Run(rows);
            for (var row = 0; row < rows; row++) guesses[first + row] = classifier.Guess(row);
            progress?.Invoke(Interlocked.Add(ref done, rows));
            return classifier;
        }, classifier => classifier.Dispose());
        return guesses;
    }

    /// <summary>How the model agrees with the truth.</summary>
    public static LetterTally Score(OnnxModel model, LabelledFrames frames)
    {
        var tally = new LetterTally();
        var guesses = Guess(model, frames.Landmarks);
        for (var i = 0; i < guesses.Length; i++) tally.Add(frames.Letters[i], guesses[i]);
        return tally;
    }
}
