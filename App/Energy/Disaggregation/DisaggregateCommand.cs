using System.Globalization;
using App.Platform;
using App.Platform.Configuration;
using App.Platform.Files;

namespace App.Energy.Disaggregation;

/// <summary><c>App disaggregate</c>: splits the mains of a file, with the code of the server, and writes the final predictions.</summary>
internal static class DisaggregateCommand
{
    /// <summary>The command.</summary>
    public static Command Definition { get; } = new("disaggregate",
        "--in mains.csv[.gz] --out predictions.csv [--model file.onnx|name@version]: split whole-house power into appliances", RunAsync);

    private static async Task<int> RunAsync(CommandLine line, Variables variables, CancellationToken cancellation)
    {
        var (from, to, modelPath) = (line.Required("in"), line.Required("out"), line.Optional("model"));
        line.RefuseUnread();
        if (!File.Exists(from)) throw new UsageException($"--in is '{from}': there is no such file.");
        using var offline = await ModelFile.LoadAsync(modelPath, variables, cancellation);
        var model = offline.Model;
        return await BadFileException.ReportAsync(() =>
        {
            var house = MeterFile.Read(from);
            var prediction = HousePrediction.Of(model, house);
            try
            {
                using var writer = new StreamWriter(to);
                Write(writer, house, prediction, model.Spec.Thresholds);
            }
            catch (Exception e) when (e is UnauthorizedAccessException or IOException)
            {
                throw new UsageException($"--out is '{to}': it cannot be written ({e.Message}).");
            }
            return 0;
        });
    }

    /// <summary>Writes <c>ts,appliance,watts,on</c>, a row for every appliance and <c>other</c> of every predicted minute.</summary>
    public static void Write(TextWriter writer, House house, HousePrediction prediction, IReadOnlyList<float> thresholds)
    {
        writer.Write("ts,appliance,watts,on\n");
        Span<char> row = stackalloc char[96];
        for (var minute = 0; minute < house.Mains.Length; minute++)
        {
            if (!prediction.Exists(minute)) continue;
            var ts = DateTimeOffset.FromUnixTimeMilliseconds(house.Starts[minute]).UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss'Z'", CultureInfo.InvariantCulture);
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
