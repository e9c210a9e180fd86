using App.Energy.Disaggregation;
using App.Engines.Models;
using Npgsql;

namespace App.Tests.Energy.Disaggregation.Live;

/// <summary>A row of the table of predictions.</summary>
internal sealed record PredictionRow(long Ts, float Mains, float[] Watts, int OnBits);

/// <summary>What the table must hold of a house: as the offline path computes it, and as it was stored.</summary>
internal static class OfflineRows
{
    /// <summary>Final predictions of the readings by the code that serves files, and the minutes that are provisional.</summary>
    public static (Dictionary<long, PredictionRow> Finals, HashSet<long> Provisional) Of(OnnxModel model,
        IEnumerable<KeyValuePair<long, double>> readings)
    {
        var cells = Cells(readings);
        var mains = cells.Select(cell => cell.Watts).ToArray();
        var prediction = HousePrediction.Of(model, new House("", [], mains, [])
        {
            Low = [.. cells.Select(cell => cell.Low)],
            High = [.. cells.Select(cell => cell.High)],
        });
        var (finals, provisional) = (new Dictionary<long, PredictionRow>(), new HashSet<long>());
        var labels = model.Spec.Labels.Count;
        for (var minute = 0; minute < mains.Length; minute++)
        {
            var ts = cells[minute].Start;
            if (Target.StateOf(mains, minute, model.Spec.Window - 1 - model.Spec.TargetOffset) == TargetState.Provisional)
                provisional.Add(ts);
            if (!prediction.Exists(minute)) continue;
            float[] watts = [.. Enumerable.Range(0, labels).Select(label => prediction.Watts(minute, label)), prediction.Other(minute)];
            var bits = Enumerable.Range(0, labels).Sum(label => watts[label] >= model.Spec.Thresholds[label] ? 1 << label : 0);
            finals[ts] = new PredictionRow(ts, mains[minute], watts, bits);
        }
        return (finals, provisional);
    }

    /// <summary>The minutes that readings come to, until now.</summary>
    public static List<Cell> Cells(IEnumerable<KeyValuePair<long, double>> readings)
    {
        var grid = new Grid();
        var cells = new List<Cell>();
        foreach (var (ts, watts) in readings) grid.Add(ts, (float)watts, cells);
        return cells;
    }

    /// <summary>Compares the table with the offline path.</summary>
    /// <returns>What differs, at most five lines, and how many final rows were compared.</returns>
    public static async Task<(List<string> Differences, int Finals)> CompareAsync(
        NpgsqlDataSource source, string house, OnnxModel model, IEnumerable<KeyValuePair<long, double>> readings)
    {
        var (finals, provisional) = Of(model, readings);
        var (storedFinals, storedProvisional) = await StoredAsync(source, house);
        var differences = new List<string>();
        foreach (var ts in finals.Keys.Union(storedFinals.Keys).Order())
        {
            if (differences.Count >= 5) break;
            var (expected, stored) = (finals.GetValueOrDefault(ts), storedFinals.GetValueOrDefault(ts));
            if (expected is null || stored is null || !IsSame(expected, stored))
                differences.Add(
                    $"{house} {DateTimeOffset.FromUnixTimeMilliseconds(ts):u}: offline {Text(expected)}, stored "
                    + $"{Text(stored)}{(storedProvisional.Contains(ts) ? " (provisional)" : "")}");
        }
        if (!provisional.SetEquals(storedProvisional))
            differences.Add($"{house}: provisional {provisional.Count} offline, {storedProvisional.Count} stored");
        return (differences, finals.Count);
    }

    private static async Task<(Dictionary<long, PredictionRow> Finals, HashSet<long> Provisional)> StoredAsync(NpgsqlDataSource source,
        string house)
    {
        await using var command = source.CreateCommand("""
            select (extract(epoch from p.ts) * 1000)::bigint, p.mains, p.watts, p.on_bits, p.final
            from predictions p join buildings b on b.key = p.building_key where b.building_id = $1
            """);
        command.Parameters.Add(new() { Value = house });
        await using var reader = await command.ExecuteReaderAsync();
        var (finals, provisional) = (new Dictionary<long, PredictionRow>(), new HashSet<long>());
        while (await reader.ReadAsync())
        {
            if (reader.GetBoolean(4))
                finals[reader.GetInt64(0)] = new PredictionRow(reader.GetInt64(0), reader.GetFloat(1), reader.GetFieldValue<float[]>(2),
                    reader.GetInt32(3));
            else provisional.Add(reader.GetInt64(0));
        }
        return (finals, provisional);
    }

    private static bool IsSame(PredictionRow a, PredictionRow b) =>
        a.Mains.Equals(b.Mains) && a.OnBits == b.OnBits && a.Watts.AsSpan().SequenceEqual(b.Watts);

    private static string Text(PredictionRow? row) =>
        row is null ? "nothing" : $"{row.Mains} W [{string.Join(' ', row.Watts)}] {row.OnBits:b}";
}
