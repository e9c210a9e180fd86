using System.CommandLine;
using System.Globalization;
using App.Engines.Models;
using App.Platform;
using App.Platform.Commands;
using App.Platform.Configuration;

namespace App.Energy.Disaggregation;

/// <summary><c>App disaggregate</c>: splits the mains of a file, with the code of the server, and writes the final predictions.</summary>
internal sealed class DisaggregateCommand : Command
{
    private readonly Option<string> from = CommandOptions.ExistingFile("--in", "mains.csv[.gz]",
        "The power of a house: columns t (Unix seconds or RFC 3339) and mains (watts).");
    private readonly Option<string> to = CommandOptions.Required("--out", "predictions.csv",
        "Where the predictions go: columns ts, appliance, watts, on.");
    private readonly Option<string?> model = ModelCommands.Model();
    private readonly Variables variables;

    /// <summary>The command.</summary>
    public DisaggregateCommand(Variables variables) : base("disaggregate", "Splits whole-house power into appliances.")
    {
        this.variables = variables;
        Add(from);
        Add(to);
        Add(model);
        SetAction((line, ct) => CommandProgress.RunAsync(line.InvocationConfiguration.Error, progress => RunAsync(line, progress, ct)));
    }

    private async Task<CommandSummary> RunAsync(ParseResult line, CommandProgress progress, CancellationToken ct)
    {
        var (path, target) = (line.GetRequiredValue(from), line.GetRequiredValue(to));
        using var offline = await ModelFile.LoadAsync(line.GetValue(model), variables, ct);
        var house = MeterFile.Read(path);
        var prediction = HousePrediction.Of(offline.Model, house,
            progress: done => progress.Report("minutes predicted", done, house.Mains.Length));
        try
        {
            await using var writer = new StreamWriter(target);
            Write(writer, house, prediction, offline.Model.Spec.Thresholds);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new UsageException($"--out is '{target}': it cannot be written ({e.Message}).");
        }
        var predicted = Enumerable.Range(0, house.Mains.Length).Count(prediction.Exists);
        return new(("model", offline.Label), ("read", $"{path}, {house.Mains.Length:N0} minutes"), ("predicted", $"{predicted:N0} minutes"),
            ("wrote", target));
    }

    /// <summary>Writes <c>ts,appliance,watts,on</c>, a row for every appliance and <c>other</c> of every predicted minute.</summary>
    public static void Write(TextWriter writer, House house, HousePrediction prediction, IReadOnlyList<float> thresholds)
    {
        writer.Write("ts,appliance,watts,on\n");
        Span<char> row = stackalloc char[96];
        for (var minute = 0; minute < house.Mains.Length; minute++)
        {
            if (!prediction.Exists(minute)) continue;
            var ts = DateTimeOffset.FromUnixTimeMilliseconds(house.Starts[minute]).UtcDateTime
                .ToString("yyyy-MM-ddTHH:mm:ss'Z'", CultureInfo.InvariantCulture);
            for (var label = 0; label <= Appliances.Labels.Count; label++)
            {
                var isOther = label == Appliances.Labels.Count;
                var name = isOther ? Appliances.Other : Appliances.Labels[label];
                var watts = isOther ? prediction.Other(minute) : prediction.Watts(minute, label);
                var on = isOther ? watts > 0 : watts >= thresholds[label];
                row.TryWrite(CultureInfo.InvariantCulture, $"{ts},{name},{watts:F1},{(on ? "true" : "false")}\n", out var length);
                writer.Write(row[..length]);
            }
        }
    }
}
