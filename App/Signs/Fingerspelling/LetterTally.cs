namespace App.Signs.Fingerspelling;

/// <summary>Counts how a model's letters agree with the truth.</summary>
internal sealed class LetterTally
{
    private const int Bins = 10;

    private readonly int[] confusions = new int[Alphabet.Count * Alphabet.Count];
    private readonly int[] binned = new int[Bins];
    private readonly int[] binnedRight = new int[Bins];
    private readonly double[] binnedConfidence = new double[Bins];
    private int named;
    private int namedRight;

    /// <summary>Frames counted.</summary>
    public int Count { get; private set; }

    /// <summary>Of these, whose best letter is the truth.</summary>
    public int Right { get; private set; }

    /// <summary>Share of frames whose best letter is the truth, whatever its confidence.</summary>
    public double Accuracy => Ratio(Right, Count);

    /// <summary>Share of frames that are called a letter at all.</summary>
    public double Coverage => Ratio(named, Count);

    /// <summary>Share of the truth among those.</summary>
    public double AccuracyOfNamed => Ratio(namedRight, named);

    /// <summary>
    /// Expected calibration error (Guo et al. 2017, arXiv:1706.04599): by how much confidence and accuracy differ, over ten
    /// bins of confidence weighted by their frames.
    /// </summary>
    public double CalibrationError =>
        Count == 0 ? 0 : Enumerable.Range(0, Bins).Sum(bin => Math.Abs(binnedConfidence[bin] - binnedRight[bin])) / Count;

    /// <summary>Counts a frame.</summary>
    public void Add(int truth, LetterGuess guess)
    {
        var right = guess.Best == truth;
        Count++;
        if (right) Right++;
        confusions[(truth * Alphabet.Count) + guess.Best]++;
        var bin = Math.Min(Bins - 1, (int)(guess.Confidence * Bins));
        binned[bin]++;
        binnedConfidence[bin] += guess.Confidence;
        if (right) binnedRight[bin]++;
        if (!guess.IsLetter) return;
        named++;
        if (right) namedRight++;
    }

    /// <summary>Counts what another has counted.</summary>
    public void Add(LetterTally other)
    {
        Count += other.Count;
        Right += other.Right;
        named += other.named;
        namedRight += other.namedRight;
        for (var i = 0; i < confusions.Length; i++) confusions[i] += other.confusions[i];
        for (var bin = 0; bin < Bins; bin++)
        {
            binned[bin] += other.binned[bin];
            binnedRight[bin] += other.binnedRight[bin];
            binnedConfidence[bin] += other.binnedConfidence[bin];
        }
    }

    /// <summary>Frames of a letter.</summary>
    public int Of(int letter) => Row(letter).Sum();

    /// <summary>Share of a letter's frames that are recognised; NaN where there are none.</summary>
    public double Recall(int letter) => Of(letter) is 0 ? double.NaN : Ratio(Row(letter)[letter], Of(letter));

    /// <summary>What a letter is mistaken for most often, or null.</summary>
    public (int Letter, double Share)? WorstMistake(int letter)
    {
        var mistakes = Enumerable.Range(0, Alphabet.Count).Where(other => other != letter && Row(letter)[other] > 0).ToList();
        if (mistakes.Count == 0) return null;
        var worst = mistakes.MaxBy(other => Row(letter)[other]);
        return (worst, Ratio(Row(letter)[worst], Of(letter)));
    }

    private ArraySegment<int> Row(int letter) => new(confusions, letter * Alphabet.Count, Alphabet.Count);

    private static double Ratio(int part, int whole) => whole == 0 ? 0 : (double)part / whole;
}
