using App.Energy.Readings;

namespace App.Tests.Energy.Disaggregation.Live;

/// <summary>Readings of a made-up house, and a random way in which they arrive: late, twice, wrong and then corrected.</summary>
internal sealed class TestHouse
{
    private const long Minute = 60_000;

    public TestHouse(string name, int seed, int readings = 900)
    {
        Name = name;
        var random = new Random(seed);
        var ts = new DateTimeOffset(2026, 1, 5, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds() + random.NextInt64(Minute);
        // Half of the meters tell what goes on within a minute.
        var interval = 1000L * (random.Next(2) == 0 ? random.Next(10, 20) : random.Next(30, 90));
        var (watts, solar) = (200.0, random.Next(3) == 0);
        for (var i = 0; i < readings; i++)
        {
            Truth[ts] = Math.Round(watts, 1);
            ts += random.Next(60) switch
            {
                0 => random.NextInt64(3 * Minute, 6 * Minute),
                1 when random.Next(4) == 0 => random.NextInt64(10 * Minute, 400 * Minute),
                _ => interval + random.NextInt64(-interval / 3, interval / 3),
            };
            if (random.Next(8) == 0) watts = random.NextDouble() * random.NextDouble() * 4000 - (solar ? 900 : 0);
            watts += random.NextDouble() * 20 - 10;
        }
    }

    public string Name { get; }

    /// <summary>What holds at the end.</summary>
    public SortedDictionary<long, double> Truth { get; } = [];

    /// <summary>The truth, each reading at least once, as requests that arrive one after the other.</summary>
    public Queue<Reading[]> Arrivals(int seed, Disorder disorder)
    {
        var random = new Random(seed);
        var sequence = new List<(double At, Reading Reading)>();
        var at = 0.0;
        foreach (var (ts, watts) in Truth)
        {
            at++;
            var arrives = at + disorder switch
            {
                Disorder.None => 0,
                Disorder.SomeLate => random.Next(25) == 0 ? random.Next(1, 300) : 0,
                _ => random.NextDouble() * Truth.Count,
            };
            if (disorder != Disorder.None && random.Next(30) == 0)
                sequence.Add((arrives - random.NextDouble() * 50, new Reading(ts, watts + 1500)));
            sequence.Add((arrives, new Reading(ts, watts)));
            if (disorder != Disorder.None && random.Next(30) == 0)
                sequence.Add((arrives + random.NextDouble() * 50, new Reading(ts, watts)));
        }
        var requests = new Queue<Reading[]>();
        var ordered = sequence.OrderBy(item => item.At).Select(item => item.Reading).ToArray();
        for (var i = 0; i < ordered.Length;)
        {
            var length = Math.Min(ordered.Length - i, random.Next(4) == 0 ? random.Next(1, 120) : random.Next(1, 6));
            requests.Enqueue(ordered[i..(i + length)]);
            i += length;
        }
        return requests;
    }
}

/// <summary>How far arrivals are from the order of time.</summary>
internal enum Disorder
{
    None,
    SomeLate,
    Shuffled,
}
