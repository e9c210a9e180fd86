using System.Buffers;
using System.Runtime.InteropServices;
using App.Engines.Streams;

namespace App.Energy.Readings.Ingest;

/// <summary>The readings of one group commit on their way into entries: by shard and meter, judged, packed.</summary>
internal sealed class GroupAppend
{
    private const int MostInEntry = 4096;
    private const long TogetherMs = 6 * 3600 * 1000;
    private readonly Dictionary<int, Meter> meters = [];
    private readonly SortedDictionary<short, List<Meter>> byShard = [];

    private readonly record struct Pending(Reading Reading, GroupCommit.Request Request, int Order);

    private sealed class Meter(Series series)
    {
        public Series Series { get; } = series;
        public List<Pending> Pending { get; } = [];
        public List<Pending> Doubtful { get; } = [];
        public List<Reading> Stored { get; } = [];
    }

    /// <summary>Sorts the requests' readings by shard and meter, and each meter's by time.</summary>
    public GroupAppend(List<GroupCommit.Request> requests)
    {
        var order = 0;
        foreach (var request in requests)
            foreach (var (series, reading) in request.Batch.Items)
                Of(series).Pending.Add(new Pending(reading, request, order++));
        foreach (var meter in meters.Values) SortByTime(meter.Pending);
        Shards = [.. byShard.Keys];
    }

    /// <summary>The shards that the group touches, ascending.</summary>
    public short[] Shards { get; }

    /// <summary>Spans that must be looked up before the readings in them can be judged.</summary>
    public List<ReadingSpan> Doubtful { get; } = [];

    /// <summary>Once packed: meters that feed into the grid for the first time; they are told so when that is committed.</summary>
    public IReadOnlyList<Series> NetNegative { get; private set; } = [];

    /// <summary>Keys of a shard's meters.</summary>
    public IEnumerable<int> MetersOf(short shard) => byShard[shard].Select(meter => meter.Series.MeterKey);

    /// <summary>Finds what is new or changed, as far as the tails know.</summary>
    public void Judge(Dictionary<short, ShardTails> shards)
    {
        foreach (var (shard, list) in byShard)
            foreach (var meter in list)
            {
                var tail = shards[shard].Of(meter.Series.MeterKey);
                foreach (var pending in CollectionsMarshal.AsSpan(meter.Pending))
                {
                    switch (tail.Apply(pending.Reading))
                    {
                        case Novelty.New or Novelty.Changed:
                            Store(meter, pending);
                            break;
                        case Novelty.Unknown:
                            meter.Doubtful.Add(pending);
                            break;
                    }
                }
                AddSpans(meter, shard);
            }
    }

    // Far apart they are looked up apart: two readings a year from each other need not load the year.
    private void AddSpans(Meter meter, short shard)
    {
        for (var (first, i) = (0, 1); i <= meter.Doubtful.Count; i++)
        {
            if (i < meter.Doubtful.Count && meter.Doubtful[i].Reading.Ts - meter.Doubtful[i - 1].Reading.Ts <= TogetherMs) continue;
            Doubtful.Add(new ReadingSpan(meter.Series.MeterKey, shard, meter.Doubtful[first].Reading.Ts,
                meter.Doubtful[i - 1].Reading.Ts + 1));
            first = i;
        }
    }

    /// <summary>Judges the doubtful by what is stored.</summary>
    public void Settle(Dictionary<int, List<Reading>> stored)
    {
        foreach (var meter in meters.Values.Where(meter => meter.Doubtful.Count > 0))
        {
            var known = stored[meter.Series.MeterKey].ToDictionary(reading => reading.Ts, reading => reading.Watts);
            // A tail may take a reading without remembering it, and doubt its repetition in the same group.
            foreach (var reading in meter.Stored) known[reading.Ts] = reading.Watts;
            foreach (var pending in meter.Doubtful)
            {
                if (known.TryGetValue(pending.Reading.Ts, out var watts) && watts.Equals(pending.Reading.Watts)) continue;
                known[pending.Reading.Ts] = pending.Reading.Watts;
                Store(meter, pending);
            }
        }
    }

    /// <summary>Entries of what is to be stored; none when every reading was stored before.</summary>
    public List<NewEntry> Pack()
    {
        NetNegative = [.. meters.Values.Where(meter => !meter.Series.NetNegative && meter.Stored.Exists(reading => reading.Watts < 0))
            .Select(meter => meter.Series)];
        var entries = new List<NewEntry>();
        foreach (var (shard, list) in byShard)
        {
            var output = new ArrayBufferWriter<byte>(256);
            var (inEntry, previous) = (0, 0L);
            foreach (var meter in list.Where(meter => meter.Stored.Count > 0))
            {
                // Doubtful ones were added behind later ones; of the same time the later in the request holds.
                if (meter.Doubtful.Count > 0) SortStable(meter.Stored);
                var readings = CollectionsMarshal.AsSpan(meter.Stored);
                while (!readings.IsEmpty)
                {
                    if (inEntry == 0) ReadingCodec.BeginEntry(output);
                    var run = readings[..Math.Min(readings.Length, MostInEntry - inEntry)];
                    readings = readings[run.Length..];
                    ReadingCodec.WriteRun(output, meter.Series.BuildingKey, meter.Series.MeterKey, meter.Series.IsMains, run, ref previous);
                    inEntry += run.Length;
                    if (inEntry < MostInEntry) continue;
                    entries.Add(new NewEntry(shard, output.WrittenSpan.ToArray()));
                    output.ResetWrittenCount();
                    (inEntry, previous) = (0, 0);
                }
            }
            if (inEntry > 0) entries.Add(new NewEntry(shard, output.WrittenSpan.ToArray()));
        }
        return entries;
    }

    private Meter Of(Series series)
    {
        if (meters.TryGetValue(series.MeterKey, out var meter)) return meter;
        meters[series.MeterKey] = meter = new Meter(series);
        if (!byShard.TryGetValue(series.Shard, out var list)) byShard[series.Shard] = list = [];
        list.Add(meter);
        return meter;
    }

    private static void Store(Meter meter, Pending pending)
    {
        pending.Request.Stored++;
        meter.Stored.Add(pending.Reading);
    }

    private static void SortByTime(List<Pending> pending)
    {
        for (var i = 1; i < pending.Count; i++)
        {
            if (pending[i].Reading.Ts >= pending[i - 1].Reading.Ts) continue;
            pending.Sort(static (a, b) => a.Reading.Ts != b.Reading.Ts ? a.Reading.Ts.CompareTo(b.Reading.Ts) : a.Order.CompareTo(b.Order));
            return;
        }
    }

    private static void SortStable(List<Reading> readings)
    {
        var sorted = readings.OrderBy(reading => reading.Ts).ToList();
        readings.Clear();
        readings.AddRange(sorted);
    }
}
