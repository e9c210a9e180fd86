using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace App.Platform.Observability;

/// <summary>
/// Collects the product's meter and the framework's HTTP and runtime meters, and writes them as Prometheus text
/// (version 0.0.4). Histograms have fixed buckets from 0.5 ms to 30 s.
/// </summary>
internal sealed class PrometheusListener : IDisposable
{
    private static readonly string[] Meters = ["Tandem", "Microsoft.AspNetCore.Hosting", "System.Runtime"];
    private static readonly double[] Bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

    private readonly Lock scraping = new();
    private readonly MeterListener listener = new();
    private readonly ConcurrentDictionary<(string Name, string Labels), Series> all = new();
    private readonly ConcurrentDictionary<(string Name, string Labels), bool> observed = new();
    private readonly ConcurrentDictionary<string, Family> families = new();

    // Several instruments may carry one name, such as those of two hosts in one process: they are one family.
    private sealed record Family(string Kind, string Help, bool Ours);

    /// <summary>Begins to listen.</summary>
    public PrometheusListener()
    {
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (!Meters.Contains(instrument.Meter.Name)) return;
            var name = NameOf(instrument);
            families.TryAdd(name, new Family(KindOf(instrument), Help(instrument), instrument.Meter.Name == Meters[0]));
            self.EnableMeasurementEvents(instrument, new Source(name, KindOf(instrument), Adds(instrument)));
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, source) => Record(instrument, (Source)source!, value, tags));
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, source) => Record(instrument, (Source)source!, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, source) => Record(instrument, (Source)source!, value, tags));
        // The product's instruments come into being with the class that names them.
        RuntimeHelpers.RunClassConstructor(typeof(Telemetry).TypeHandle);
        listener.Start();
    }

    /// <summary>All series as text.</summary>
    public string Scrape()
    {
        lock (scraping) return Write();
    }

    private string Write()
    {
        // What is observed at each look is shown as it is now: a queue that is gone is not shown as it was.
        foreach (var key in observed.Keys) all.TryRemove(key, out _);
        observed.Clear();
        listener.RecordObservableInstruments();
        var text = new StringBuilder();
        var recorded = all.ToLookup(pair => pair.Key.Name, pair => (pair.Key.Labels, Series: pair.Value));
        foreach (var (name, family) in families.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (!recorded.Contains(name) && !family.Ours) continue;
            text.Append("# HELP ").Append(name).Append(' ').Append(family.Help).Append('\n');
            text.Append("# TYPE ").Append(name).Append(' ').Append(family.Kind).Append('\n');
            foreach (var (labels, series) in recorded[name].OrderBy(pair => pair.Labels, StringComparer.Ordinal)) series.Write(text, name, labels);
            // What has not happened yet is shown as zero, so that its first rise can be seen.
            if (!recorded.Contains(name)) new Series(family.Kind).Write(text, name, "");
        }
        return text.ToString();
    }

    /// <inheritdoc/>
    public void Dispose() => listener.Dispose();

    private void Record(Instrument instrument, Source source, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (source.Find(tags) is not { } series)
        {
            var key = (source.Name, tags.IsEmpty ? "" : LabelsOf(tags));
            series = all.TryGetValue(key, out var known) ? known : all.GetOrAdd(key, new Series(source.Kind));
            // A series of what is observed ends at the next look, and is not to be remembered.
            if (instrument.IsObservable) observed[key] = true;
            else source.Remember(tags, series);
        }
        series.Record(value, source.Adds);
    }

    private static bool Adds(Instrument instrument) => instrument is Counter<long> or Counter<int> or Counter<double> or UpDownCounter<long> or UpDownCounter<int>;

    private static string KindOf(Instrument instrument) => instrument switch
    {
        Histogram<double> or Histogram<long> or Histogram<int> => "histogram",
        Counter<long> or Counter<int> or Counter<double> or ObservableCounter<long> or ObservableCounter<double> or ObservableCounter<int> => "counter",
        _ => "gauge",
    };

    // The framework's names have dots and no unit; ours are written as Prometheus wants them.
    private static string NameOf(Instrument instrument)
    {
        var name = instrument.Name.Replace('.', '_');
        if (instrument.Meter.Name == Meters[0]) return name;
        if (instrument.Unit == "s") name += "_seconds";
        if (instrument.Unit == "By") name += "_bytes";
        return KindOf(instrument) == "counter" ? name + "_total" : name;
    }

    private static string Help(Instrument instrument) => (instrument.Description ?? "").Replace("\\", "\\\\").ReplaceLineEndings(" ");

    private static string LabelsOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var text = new StringBuilder();
        foreach (var (name, value) in tags)
        {
            if (text.Length > 0) text.Append(',');
            var escaped = Convert.ToString(value, CultureInfo.InvariantCulture)?.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n");
            text.Append(name.Replace('.', '_')).Append("=\"").Append(escaped).Append('"');
        }
        return text.ToString();
    }

    // An instrument, and its usual series by their tags: three times a request is too often to write labels.
    private sealed class Source(string name, string kind, bool adds)
    {
        private const int Most = 16;
        private (KeyValuePair<string, object?>[] Tags, Series Series)[] usual = [];

        public string Name => name;

        public string Kind => kind;

        public bool Adds => adds;

        public Series? Find(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            foreach (var (known, series) in Volatile.Read(ref usual))
                if (AreSame(known, tags)) return series;
            return null;
        }

        // Of two that remember at once one may be forgotten, and is remembered the next time.
        public void Remember(ReadOnlySpan<KeyValuePair<string, object?>> tags, Series series)
        {
            var known = Volatile.Read(ref usual);
            if (known.Length < Most) Volatile.Write(ref usual, [.. known, (tags.ToArray(), series)]);
        }

        private static bool AreSame(KeyValuePair<string, object?>[] known, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (known.Length != tags.Length) return false;
            for (var i = 0; i < known.Length; i++)
                if (known[i].Key != tags[i].Key || !Equals(known[i].Value, tags[i].Value)) return false;
            return true;
        }
    }

    private sealed class Series(string kind)
    {
        private readonly Lock gate = new();
        private readonly long[] buckets = kind == "histogram" ? new long[Bounds.Length] : [];
        private double total;
        private long count;

        public void Record(double value, bool adds)
        {
            lock (gate)
            {
                count++;
                total = adds || kind == "histogram" ? total + value : value;
                for (var i = 0; i < buckets.Length; i++)
                    if (value <= Bounds[i]) buckets[i]++;
            }
        }

        public void Write(StringBuilder text, string name, string labels)
        {
            lock (gate)
            {
                if (kind != "histogram")
                {
                    Line(text, name, labels, total);
                    return;
                }
                var comma = labels.Length > 0 ? "," : "";
                for (var i = 0; i < buckets.Length; i++)
                    Line(text, name + "_bucket", $"{labels}{comma}le=\"{Number(Bounds[i])}\"", buckets[i]);
                Line(text, name + "_bucket", $"{labels}{comma}le=\"+Inf\"", count);
                Line(text, name + "_sum", labels, total);
                Line(text, name + "_count", labels, count);
            }
        }

        private static void Line(StringBuilder text, string name, string labels, double value)
        {
            text.Append(name);
            if (labels.Length > 0) text.Append('{').Append(labels).Append('}');
            text.Append(' ').Append(Number(value)).Append('\n');
        }

        private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
    }
}
