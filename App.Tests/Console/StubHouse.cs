namespace App.Tests.WebConsole;

/// <summary>One value as <c>/api/buildings/{id}/readings</c> gives it.</summary>
public sealed record StubReading(string Meter, DateTimeOffset Ts, double Watts);

/// <summary>One value as <c>/api/buildings/{id}/predictions</c> gives it.</summary>
public sealed record StubPrediction(DateTimeOffset Ts, string Appliance, double Watts, bool On, bool Final, string Model);

/// <summary>
/// A house whose appliances follow a fixed timetable, so that every test knows what the page has to show: the contract's
/// values without a pipeline behind them.
/// </summary>
public sealed class StubHouse(string id)
{
    private const string Model = "disaggregation@3";
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Provisional = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Final = TimeSpan.FromMinutes(65);
    private readonly SortedDictionary<(string Meter, DateTimeOffset Ts), StubReading> readings = [];
    private readonly SortedDictionary<(DateTimeOffset Ts, string Appliance), StubPrediction> predictions = [];
    private readonly Lock gate = new();

    /// <summary>The building's id.</summary>
    public string Id => id;

    /// <summary>Watts that the roof makes around noon.</summary>
    public double Solar { get; init; }

    /// <summary>Everything measured, in order of meter and time.</summary>
    public IReadOnlyList<StubReading> Readings { get { lock (gate) return [.. readings.Values]; } }

    /// <summary>Everything predicted, in order of time.</summary>
    public IReadOnlyList<StubPrediction> Predictions { get { lock (gate) return [.. predictions.Values]; } }

    /// <summary>Readings every 10 s up to a time, and the predictions that a pipeline would have made by then.</summary>
    public StubHouse Fill(DateTimeOffset now, TimeSpan past)
    {
        for (var ts = Floor(now - past, Minute); ts <= now; ts += TimeSpan.FromSeconds(10))
            Measure(ts, Demand(ts).Sum(part => part.Watts) - Sun(ts) + Noise(ts));
        for (var ts = Floor(now - past, Minute) + Final; ts <= now - Provisional; ts += Minute)
            foreach (var (appliance, watts) in Demand(ts)) Predict(ts, appliance, watts, ts <= now - Final);
        return this;
    }

    /// <summary>Adds or replaces a reading.</summary>
    public void Measure(DateTimeOffset ts, double watts, string meter = "mains")
    {
        lock (gate) readings[(meter, ts)] = new StubReading(meter, ts, watts);
    }

    /// <summary>Adds or replaces a prediction.</summary>
    public void Predict(DateTimeOffset ts, string appliance, double watts, bool final)
    {
        lock (gate) predictions[(ts, appliance)] = new StubPrediction(ts, appliance, watts, watts > 20, final, Model);
    }

    private (string Appliance, double Watts)[] Demand(DateTimeOffset ts)
    {
        var minute = (int)(ts.ToUnixTimeSeconds() / 60 % 1440);
        bool At(int start, int length) => (minute - start + 1440) % 1440 < length;
        bool AtAny(int length, params ReadOnlySpan<int> starts)
        {
            foreach (var start in starts)
                if (At(start, length)) return true;
            return false;
        }
        return
        [
            ("kettle", AtAny(3, 372, 430, 615, 905, 1020, 1165) ? 2650 : 0),
            ("microwave", AtAny(5, 384, 735, 1102) ? 1250 : 0),
            ("dishwasher", At(1200, 22) || At(1262, 18) ? 1950 : At(1200, 95) || At(480, 60) ? 90 : At(470, 10) ? 1900 : 0),
            ("washing_machine", At(540, 16) ? 1850 : At(540, 80) ? 180 + minute * 37 % 220 : 0),
            ("fridge", minute % 43 < 17 ? 96 : 0),
            ("other", 95 + (AtAny(270, 1020) ? 180 + 60 * Math.Sin(minute / 35.0) : 0) + (At(360, 120) ? 140 : 0)),
        ];
    }

    private double Sun(DateTimeOffset ts)
    {
        var hour = ts.TimeOfDay.TotalHours;
        return hour is > 6 and < 18 ? Solar * Math.Pow(Math.Sin((hour - 6) / 12 * Math.PI), 1.5) : 0;
    }

    private static double Noise(DateTimeOffset ts) =>
        6 * Math.Sin(ts.ToUnixTimeSeconds() * 12.9898) + 4 * Math.Cos(ts.ToUnixTimeSeconds() * 78.233);

    private static DateTimeOffset Floor(DateTimeOffset ts, TimeSpan step) => new(ts.Ticks - ts.Ticks % step.Ticks, TimeSpan.Zero);
}
