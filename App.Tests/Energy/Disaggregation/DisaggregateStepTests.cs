using App.Tests.Energy.Readings;
using App.Tests.Engines.Models;
using App.Tests.Runs;
using static App.Tests.Runs.RunClient;

namespace App.Tests.Energy.Disaggregation;

/// <summary><c>disaggregate</c> sums final predictions of the organization's own building.</summary>
public sealed class DisaggregateStepTests(RunsHost host) : IClassFixture<RunsHost>
{
    [Fact]
    public async Task Energy_and_minutes_of_each_appliance_are_summed()
    {
        await host.Http.SendAsync(Post.Body(Post.Item("h", Post.NewYear, 1)));
        var spec = (TinyModel.Spec("test-model") with { Labels = ["kettle", "fridge"] }).ToJson().Replace("'", "''");
        // Two hours; the kettle at 2 kW in every tenth minute, the fridge at 60 W in the second hour; the last half hour is provisional.
        await host.App.ExecuteAsync($"""
            insert into model_versions (name, version, sha256, spec, artifact, state)
                values ('test-model', 1, repeat('0', 64), '{spec}', '\x00', 'retired');
            insert into predictions (building_key, ts, mains, watts, on_bits, final, model_version_id)
            select b.key, timestamptz '2026-01-01 00:00+00' + i * interval '1 minute', 3000, array[case when i % 10 = 0 then 2000
                else 0 end, case when i >= 60 then 60 else 0 end, 10],
                case when i % 10 = 0 then 1 else 0 end + case when i >= 60 then 2 else 0 end, i < 90, m.id
            from generate_series(0, 119) i, buildings b, model_versions m where m.name = 'test-model'
            """);
        var run =
            await host.Http.RunToEndAsync(
                Step("sum", "disaggregate", new { building = "h", from = "2026-01-01T00:00:00Z", to = "2026-01-01T02:00:00Z" }));
        Assert.True(run.StatusOf() == "succeeded", run.ToString());
        var output = run.OutputOf("sum");
        Assert.Equal((90, 4.5, "test-model@1"),
            (output.GetProperty("minutes").GetInt32(), output.GetProperty("energyKWh").GetDouble(),
                output.GetProperty("models")[0].GetString()));
        Assert.Equal(
            [("fridge", 0.03, 30), ("kettle", 0.3, 9), ("other", 0.015, 90)],
            output.GetProperty("appliances")
                .EnumerateArray()
                .Select(part =>
                    (part.GetProperty("appliance").GetString(), part.GetProperty("energyKWh").GetDouble(),
                        part.GetProperty("minutesOn").GetInt32())));

        using var other = host.App.ClientOfItsOwn();
        var elsewhere =
            await other.RunToEndAsync(
                Step("sum", "disaggregate", new { building = "h", from = "2026-01-01T00:00:00Z", to = "2026-01-01T02:00:00Z" }));
        Assert.Equal("There is no building 'h'.", elsewhere.ErrorOf("sum"));
        var none =
            await host.Http.RunToEndAsync(
                Step("sum", "disaggregate", new { building = "h", from = "2025-01-01T00:00:00Z", to = "2025-01-01T02:00:00Z" }));
        Assert.Equal((0, 0),
            (none.OutputOf("sum").GetProperty("minutes").GetInt32(), none.OutputOf("sum").GetProperty("appliances").GetArrayLength()));
    }
}
