using System.Text;
using App.Energy.Readings;
using App.Engines.Models;
using App.Platform.Database;
using App.Runs.Handlers;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace App.Energy.Disaggregation;

/// <summary>
/// <c>disaggregate</c>: <c>{"building","from","to"}</c> to the energy of each appliance and the minutes that it was on, from
/// the final predictions of the span.
/// </summary>
internal sealed class DisaggregateStep(IServiceScopeFactory scopes, NpgsqlDataSource source) : IStepHandler
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(366);

    // A minute of w watts is w/60 Wh. What is left of the mains has no bit: it is on whenever it is more than nothing.
    private const string SumSql = """
        select p.model_version_id, part.label, sum(part.watts)::float8 / 60000,
            count(*) filter (where case when part.label = cardinality(p.watts) then part.watts > 0
                else (p.on_bits >> (part.label - 1)::int) & 1 = 1 end)
        from predictions p, unnest(p.watts) with ordinality as part(watts, label)
        where p.building_key = $1 and p.ts >= $2 and p.ts < $3 and p.final
        group by 1, 2
        """;

    private const string MinutesSql =
        "select count(*), coalesce(sum(mains)::float8 / 60000, 0) from predictions where building_key = $1 and ts >= $2 and ts < $3 "
        + "and final";

    /// <inheritdoc/>
    public string Name => "disaggregate";

    /// <inheritdoc/>
    public void Validate(StepInput input)
    {
        input.Only("building", "from", "to");
        if (input.Text("building", required: true) is { } building && !ReadingLimits.IsId(Encoding.UTF8.GetBytes(building)))
            input.Fault("building", building, "give the id of a building");
        var (from, to) = (input.Time("from", required: true), input.Time("to", required: true));
        if (from >= to || to - from > Longest)
            input.Fault("to", to?.ToString("O"), $"give a time after from, within {Longest.TotalDays:0} days of it");
    }

    /// <inheritdoc/>
    public async Task<StepOutcome> ExecuteAsync(StepContext step, CancellationToken ct)
    {
        var (id, from, to) = (step.Input.Text("building")!, step.Input.Time("from")!.Value, step.Input.Time("to")!.Value);
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<AppDbContext>();
        var building = await db.Set<Building>()
            .AsNoTracking().SingleOrDefaultAsync(b => b.Organization == step.Organization && b.BuildingId == id, ct);
        if (building is null) return StepOutcome.Fail($"There is no building '{id}'.");

        var (minutes, mains) = await MinutesAsync(building.Key, from, to, ct);
        var sums = await SumsAsync(building.Key, from, to, ct);
        var versions = await db.Set<ModelVersion>()
            .AsNoTracking().Where(version => sums.Select(sum => sum.Version).Contains(version.Id)).ToListAsync(ct);
        var labels = versions.ToDictionary(version => version.Id,
            version => (IReadOnlyList<string>)[.. ModelSpec.Parse(version.Spec).Labels, Appliances.Other]);
        return StepOutcome.Succeed(new
        {
            building = id,
            from = from.UtcDateTime,
            to = to.UtcDateTime,
            minutes,
            energyKWh = Math.Round(mains, 4),
            models = versions.Select(version => version.Label).Order(StringComparer.Ordinal),
            appliances = sums.GroupBy(sum => labels[sum.Version][sum.Label - 1])
                .OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => new
                {
                    appliance = group.Key,
                    energyKWh = Math.Round(group.Sum(sum => sum.EnergyKWh), 4),
                    minutesOn = group.Sum(sum => sum.MinutesOn),
                }),
        });
    }

    private async Task<(long Minutes, double EnergyKWh)> MinutesAsync(int building, DateTimeOffset from, DateTimeOffset to,
        CancellationToken ct)
    {
        await using var command = Command(MinutesSql, building, from, to);
        await using var reader = await command.ExecuteReaderAsync(ct);
        await reader.ReadAsync(ct);
        return (reader.GetInt64(0), reader.GetDouble(1));
    }

    private async Task<List<(int Version, int Label, double EnergyKWh, long MinutesOn)>> SumsAsync(int building, DateTimeOffset from,
        DateTimeOffset to, CancellationToken ct)
    {
        await using var command = Command(SumSql, building, from, to);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var sums = new List<(int, int, double, long)>();
        while (await reader.ReadAsync(ct)) sums.Add((reader.GetInt32(0), (int)reader.GetInt64(1), reader.GetDouble(2), reader.GetInt64(3)));
        return sums;
    }

    private NpgsqlCommand Command(string sql, int building, DateTimeOffset from, DateTimeOffset to)
    {
        var command = source.CreateCommand(sql);
        command.Parameters.Add(new() { Value = building });
        command.Parameters.Add(new() { Value = from });
        command.Parameters.Add(new() { Value = to });
        return command;
    }
}
