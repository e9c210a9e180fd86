using System.Diagnostics;
using App.Energy.Readings;
using App.Engines.Models;
using Npgsql;
using NpgsqlTypes;

namespace App.Energy.Disaggregation.Live;

/// <summary>
/// Predictions of one batch of the stream: windows of all its buildings gathered, run through the model together, and
/// turned into one command. Each minute of a building occurs once.
/// </summary>
/// <param name="model">The version that answers.</param>
/// <param name="windows">Empty; reused from batch to batch.</param>
/// <param name="metrics">Told of what goes through the model.</param>
internal sealed class PredictionBatch(ModelUse model, WindowBatch windows, DisaggregationMetrics metrics)
{
    private const string UpsertSql = """
        insert into predictions as p (building_key, ts, mains, watts, on_bits, final, model_version_id)
        select n.building_key, n.ts, n.mains, ($6::real[])[(n.row - 1) * $7 + 1 : n.row * $7], n.on_bits, n.final, $8
        from unnest($1, $2, $3, $4, $5) with ordinality as n(building_key, ts, mains, on_bits, final, row)
        on conflict (building_key, ts) do update
        set mains = excluded.mains, watts = excluded.watts, on_bits = excluded.on_bits, final = excluded.final,
            model_version_id = excluded.model_version_id
        """;

    private const string DeleteSql = """
        delete from predictions p using unnest($1, $2) as n(building_key, ts) where p.building_key = n.building_key and p.ts = n.ts
        """;

    private readonly int labels = model.Model.Spec.Labels.Count;
    private readonly List<int> buildings = [];
    private readonly List<DateTime> times = [];
    private readonly List<bool> finals = [];
    private readonly List<float> mains = [];
    private readonly List<int> onBits = [];
    private readonly List<float> watts = [];
    private readonly List<(int Building, DateTime Time)> withdrawn = [];

    /// <summary>Predictions asked for.</summary>
    public int Count => buildings.Count;

    /// <summary>Minutes that a window takes in behind its target.</summary>
    public int LookAhead => windows.LookAhead;

    /// <summary>Asks for what new minutes have brought: first predictions, and last words.</summary>
    public void AddNew(int building, Minutes cells, long firstStart, int known)
    {
        for (var target = Math.Max(0, known - LookAhead); target < cells.Length; target++)
        {
            var state = Target.StateOf(cells.Mean, target, LookAhead);
            if (state == TargetState.None) continue;
            var before = target < known ? Target.StateOf(cells.Mean[..known], target, LookAhead) : TargetState.None;
            if (state > before) Add(building, cells, firstStart, target, state);
        }
    }

    /// <summary>
    /// Asks for every minute of a span again, and takes back what is too new for any: a late reading may have joined what
    /// a break had ended, and the newest minutes had their last word then.
    /// </summary>
    /// <param name="building">Key of the building.</param>
    /// <param name="cells">Consecutive minutes, NaN at a break.</param>
    /// <param name="firstStart">Start of the first, Unix milliseconds.</param>
    /// <param name="from">The span's beginning, Unix milliseconds.</param>
    /// <param name="to">Its end, exclusive.</param>
    public void AddSpan(int building, Minutes cells, long firstStart, long from, long to)
    {
        var first = (int)Math.Max(0, (from - firstStart) / Grid.CellMs);
        for (var target = first; target < cells.Length && firstStart + (target * Grid.CellMs) < to; target++)
        {
            var state = Target.StateOf(cells.Mean, target, LookAhead);
            if (state != TargetState.None) Add(building, cells, firstStart, target, state);
            else if (target >= cells.Length - Target.ProvisionalLookAhead && !float.IsNaN(cells.Mean[target]))
                withdrawn.Add((building, TimeOf(firstStart, target)));
        }
    }

    /// <summary>The commands that store what was asked for.</summary>
    public IReadOnlyList<NpgsqlBatchCommand> Effects()
    {
        Run();
        var effects = new List<NpgsqlBatchCommand>();
        if (withdrawn.Count > 0) effects.Add(Delete());
        if (Count > 0) effects.Add(Upsert());
        return effects;
    }

    private NpgsqlBatchCommand Delete() => new(DeleteSql)
    {
        Parameters =
        {
            new() { Value = withdrawn.ConvertAll(minute => minute.Building).ToArray() },
            new() { Value = withdrawn.ConvertAll(minute => minute.Time).ToArray() },
        },
    };

    private NpgsqlBatchCommand Upsert() => new(UpsertSql)
    {
        Parameters =
        {
            new() { Value = buildings.ToArray() },
            new() { Value = times.ToArray() },
            new() { Value = mains.ToArray() },
            new() { Value = onBits.ToArray() },
            new() { Value = finals.ToArray() },
            new() { Value = watts.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Real },
            new() { Value = labels + 1 },
            new() { Value = model.VersionId },
        },
    };

    private static DateTime TimeOf(long firstStart, int target) => ReadingStore.Time(firstStart + (target * Grid.CellMs));

    private void Add(int building, Minutes cells, long firstStart, int target, TargetState state)
    {
        if (windows.IsFull) Run();
        windows.Add(cells, target);
        buildings.Add(building);
        times.Add(TimeOf(firstStart, target));
        finals.Add(state == TargetState.Final);
    }

    private void Run()
    {
        if (windows.Count == 0) return;
        var started = Stopwatch.GetTimestamp();
        windows.Run(model.Model);
        metrics.Inferred(windows.Count, Stopwatch.GetElapsedTime(started).TotalSeconds);
        var thresholds = model.Model.Spec.Thresholds;
        for (var row = 0; row < windows.Count; row++)
        {
            var parts = windows.Watts(row);
            var bits = 0;
            for (var label = 0; label < parts.Length; label++)
            {
                if (parts[label] >= thresholds[label]) bits |= 1 << label;
                watts.Add(parts[label]);
            }
            watts.Add(windows.Other(row));
            mains.Add(windows.Mains(row));
            onBits.Add(bits);
        }
        windows.Clear();
    }
}
