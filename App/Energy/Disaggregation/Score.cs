namespace App.Energy.Disaggregation;

/// <summary>How well predicted watts agree with the truth, minute by minute.</summary>
internal record struct Score
{
    private int truePositives;
    private int falsePositives;
    private int falseNegatives;

    /// <summary>Minutes scored.</summary>
    public int Minutes { get; private set; }

    /// <summary>Sum of the absolute errors, in watt-minutes.</summary>
    public double AbsoluteError { get; private set; }

    /// <summary>Sum of the truth, in watt-minutes.</summary>
    public double TrueWatts { get; private set; }

    /// <summary>Sum of the predictions, in watt-minutes.</summary>
    public double PredictedWatts { get; private set; }

    /// <summary>Harmonic mean of precision and recall of being on; 0 where nothing was ever on, nor predicted.</summary>
    public readonly double F1 => truePositives == 0 ? 0 : 2.0 * truePositives / ((2 * truePositives) + falsePositives + falseNegatives);

    /// <summary>Share of the minutes predicted on that were.</summary>
    public readonly double Precision => (double)truePositives / Math.Max(1, truePositives + falsePositives);

    /// <summary>Share of the minutes that were on that were predicted.</summary>
    public readonly double Recall => (double)truePositives / Math.Max(1, truePositives + falseNegatives);

    /// <summary>Mean absolute error in watts.</summary>
    public readonly double Mae => AbsoluteError / Math.Max(1, Minutes);

    /// <summary>Signal aggregate error: difference of the energies over the true energy.</summary>
    public readonly double Sae => Math.Abs(PredictedWatts - TrueWatts) / Math.Max(1, TrueWatts);

    /// <summary>Counts one minute.</summary>
    /// <param name="predicted">Watts.</param>
    /// <param name="truth">Watts.</param>
    /// <param name="threshold">Watts above which it is on.</param>
    public void Add(float predicted, float truth, float threshold)
    {
        Minutes++;
        AbsoluteError += Math.Abs(predicted - truth);
        TrueWatts += truth;
        PredictedWatts += predicted;
        switch (predicted > threshold, truth > threshold)
        {
            case (true, true): truePositives++; break;
            case (true, false): falsePositives++; break;
            case (false, true): falseNegatives++; break;
            default: break;
        }
    }

    /// <summary>The score of both.</summary>
    public static Score operator +(Score a, Score b) => new()
    {
        truePositives = a.truePositives + b.truePositives,
        falsePositives = a.falsePositives + b.falsePositives,
        falseNegatives = a.falseNegatives + b.falseNegatives,
        Minutes = a.Minutes + b.Minutes,
        AbsoluteError = a.AbsoluteError + b.AbsoluteError,
        TrueWatts = a.TrueWatts + b.TrueWatts,
        PredictedWatts = a.PredictedWatts + b.PredictedWatts,
    };
}
