using System.Globalization;
using App.Energy.Disaggregation;
using App.Tests.Fixtures;
using App.Training;

namespace App.Tests.Energy.Disaggregation;

public sealed class DisaggregateCommandTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("tandem ").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Every_minute_from_the_warm_up_on_gets_six_rows()
    {
        var rows = await PredictAsync(Lines(200, 0));
        Assert.Equal("ts,appliance,watts,on", rows[0]);
        Assert.Equal(6 * (200 - Target.WarmUp), rows.Count - 1);
        Assert.Matches(@"^2013-10-01T00:15:00Z,kettle,\d+\.\d,(true|false)$", rows[1]);
        Assert.Equal(["kettle", "microwave", "dishwasher", "washing_machine", "fridge", "other"],
            rows.Skip(1).Take(6).Select(row => row.Split(',')[1]));
        Assert.All(rows.Skip(1).Chunk(6),
            minute => Assert.Equal(100, minute.Sum(row => double.Parse(row.Split(',')[2], CultureInfo.InvariantCulture)), 0.5));
    }

    [Fact]
    public async Task Order_and_repetition_of_rows_change_nothing()
    {
        var ordered = House();
        var shuffled = ordered.Concat(ordered.Take(300)).ToArray();
        new Random(4).Shuffle(shuffled);
        Assert.Equal(await PredictAsync(ordered), await PredictAsync(shuffled));
    }

    [Fact]
    public async Task What_lies_beyond_the_look_ahead_changes_nothing()
    {
        var all = await PredictAsync(House());
        var first = await PredictAsync(House()[..1000]);
        var final = 1 + (6 * (1000 - 65 - Target.WarmUp));
        Assert.Equal(all.Take(final), first.Take(final));
    }

    [Fact]
    public async Task A_long_gap_breaks_the_house_into_two()
    {
        var rows = await PredictAsync([.. Lines(40, 0), .. Lines(40, 100)]);
        Assert.Equal(6 * 2 * (40 - Target.WarmUp), rows.Count - 1);
        Assert.Contains(rows, row => row.StartsWith("2013-10-01T01:55:00Z", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_bad_file_ends_with_65_and_a_missing_one_is_a_fault_of_usage()
    {
        var path = Path.Combine(folder, "bad.csv");
        await File.WriteAllTextAsync(path, "t,mains\n1,2\n");
        Assert.Equal(65, await RunAsync("--in", path, "--out", Path.Combine(folder, "out.csv")));
        Assert.False(File.Exists(Path.Combine(folder, "out.csv")));
        Assert.Equal(64, await RunAsync("--in", path + "x", "--out", "y"));
        Assert.Equal(64, await RunAsync("--in", path, "--out", "y", "--nonsense", "1"));
    }

    [Fact]
    public async Task A_trained_model_is_used_from_its_file()
    {
        var model = Path.Combine(folder, "own.onnx");
        Assert.Equal(0,
            (await CommandRun.RunAsync("train", "disaggregation", "--simulate", "2", "--steps", "2", "--seed", "9", "--out", model)).Code);
        Assert.Equal(9, App.Engines.Models.ModelSpec.Parse(await File.ReadAllTextAsync(ModelFile.SpecOf(model))).Seed);
        Assert.NotEqual(await PredictAsync(House()), await PredictAsync(House(), "--model", model));
        var mains = Path.Combine(folder, "in.csv");
        File.Delete(ModelFile.SpecOf(model));
        Assert.Equal(64, await RunAsync("--in", mains, "--out", "y", "--model", model));
        await File.WriteAllTextAsync(ModelFile.SpecOf(model), "{}");
        Assert.Equal(64, await RunAsync("--in", mains, "--out", "y", "--model", model));
    }

    /// <summary>Rows of a simulated house, one a minute.</summary>
    private static string[] House()
    {
        var house = SimulatedHouses.Create(1, 77, days: 1)[0];
        return [.. house.Mains.Select((watts, minute) =>
            $"{1_380_585_600 + (60 * minute)},{watts.ToString(CultureInfo.InvariantCulture)}")];
    }

    private static IEnumerable<string> Lines(int count, int from) =>
        Enumerable.Range(from, count).Select(minute => $"{1_380_585_600 + (60 * minute)},100");

    private async Task<List<string>> PredictAsync(IEnumerable<string> rows, params string[] options)
    {
        var (from, to) = (Path.Combine(folder, "in.csv"), Path.Combine(folder, "out.csv"));
        await File.WriteAllLinesAsync(from, rows.Prepend("t,mains"));
        Assert.Equal(0, await RunAsync([.. options, "--in", from, "--out", to]));
        return [.. await File.ReadAllLinesAsync(to)];
    }

    private static async Task<int> RunAsync(params string[] options) => (await CommandRun.RunAsync(["disaggregate", .. options])).Code;
}
