using System.Diagnostics.Metrics;
using System.Globalization;

namespace App.Tests.Fixtures;

/// <summary>Meters of one test.</summary>
internal sealed class TestMeters : IMeterFactory
{
    private readonly List<Meter> meters = [];

    /// <inheritdoc/>
    public Meter Create(MeterOptions options)
    {
        var meter = new Meter(options.Name, options.Version, options.Tags, scope: this);
        meters.Add(meter);
        return meter;
    }

    /// <summary>What its gauges show now, one line a series.</summary>
    public IReadOnlyList<string> Observe()
    {
        var lines = new List<string>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Scope == this) self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => lines.Add(Line(instrument, value, tags)));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => lines.Add(Line(instrument, value, tags)));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => lines.Add(Line(instrument, value, tags)));
        listener.Start();
        listener.RecordObservableInstruments();
        return lines;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var meter in meters) meter.Dispose();
    }

    private static string Line(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = string.Join(',', tags.ToArray().Select(tag => $"{tag.Key}=\"{tag.Value}\""));
        return string.Create(CultureInfo.InvariantCulture, $"{instrument.Name}{(labels.Length > 0 ? "{" + labels + "}" : "")} {value}");
    }
}
