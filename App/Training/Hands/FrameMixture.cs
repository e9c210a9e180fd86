using App.Signs.Fingerspelling;

namespace App.Training.Hands;

/// <summary>
/// Draws frames out of several sets: each by the root of its size, so that a long recording of one person does not drown the
/// others, and made-up hands beside real ones by a share of their own.
/// </summary>
internal sealed class FrameMixture
{
    /// <summary>Share of made-up hands where there are real ones as well.</summary>
    public const double SyntheticShare = 0.5;

    private readonly IReadOnlyList<LabelledFrames> sets;
    private readonly double[] upTo;

    /// <summary>Mixes sets.</summary>
    /// <param name="real">Recorded hands; sets of one person each are best.</param>
    /// <param name="synthetic">Made-up hands, or null.</param>
    public FrameMixture(IEnumerable<LabelledFrames> real, LabelledFrames? synthetic)
    {
        var recorded = real.Where(set => set.Count > 0).ToList();
        var roots = recorded.Select(set => Math.Sqrt(set.Count)).ToList();
        if (synthetic is not null)
        {
            roots.Add(recorded.Count == 0 ? 1 : roots.Sum() * SyntheticShare / (1 - SyntheticShare));
            recorded.Add(synthetic);
        }
        sets = recorded;
        upTo = new double[roots.Count];
        var sum = 0.0;
        for (var i = 0; i < upTo.Length; i++) upTo[i] = (sum += roots[i]) / roots.Sum();
    }

    /// <summary>Copies one frame and answers its letter.</summary>
    public int Draw(Span<float> frame, Random random)
    {
        var drawn = random.NextDouble();
        var set = 0;
        while (set < sets.Count - 1 && drawn >= upTo[set]) set++;
        var index = random.Next(sets[set].Count);
        sets[set].Frame(index).CopyTo(frame);
        return sets[set].Letters[index];
    }
}
