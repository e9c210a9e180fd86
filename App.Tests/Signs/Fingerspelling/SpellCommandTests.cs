using App.Signs.Fingerspelling;
using App.Tests.Fixtures;
using App.Training.Hands;

namespace App.Tests.Signs.Fingerspelling;

public sealed class SpellCommandTests : IDisposable
{
    private readonly TestFolder folder = TestFolder.Create();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Every_frame_gets_its_likeliest_letter_in_the_order_of_the_file()
    {
        var frames = SyntheticHands.Create(520, 77);
        var from = Write(frames, "id");
        Assert.Equal(0, await SpellAsync("--in", from, "--out", InFolder("out.csv")));
        var rows = await File.ReadAllLinesAsync(InFolder("out.csv"));
        Assert.Equal("id,letter,confidence", rows[0]);
        Assert.Equal(Enumerable.Range(0, frames.Count).Select(i => $"f{i}"), rows.Skip(1).Select(row => row.Split(',')[0]));
        Assert.All(rows.Skip(1), row => Assert.Matches(@"^f\d+,[A-Z],(0\.\d{4}|1\.0000)$", row));
        var right = rows.Skip(1).Where((row, i) => row.Split(',')[1][0] - 'A' == frames.Letters[i]).Count();
        Assert.True(right > 0.8 * frames.Count, $"{right} of {frames.Count} are right");
    }

    [Fact]
    public async Task A_model_that_is_trained_on_recordings_spells_with_its_file()
    {
        var frames = Write(SyntheticHands.Create(104, 5), "label");
        var model = InFolder("own.onnx");
        var trained = await CommandRun.RunAsync("train", "fingerspelling", "--data", frames, "--synthetic", "0", "--steps", "4",
            "--out", model);
        Assert.Equal((0, ""), (trained.Code, trained.Out));
        Assert.Contains($"wrote       {model}", trained.Error);
        Assert.Equal(0,
            await SpellAsync("--in", Write(SyntheticHands.Create(52, 6), "id"), "--out", InFolder("out.csv"), "--model", model));
        var evaluated = await CommandRun.RunAsync("evaluate", "fingerspelling", "--data", frames, "--model", model);
        Assert.Equal(0, evaluated.Code);
        Assert.Contains("recognised: A", evaluated.Out);
        Assert.Contains("scored      104 frames", evaluated.Error);
    }

    [Fact]
    public async Task A_bad_file_ends_with_65_and_a_missing_one_is_a_fault_of_usage()
    {
        await File.WriteAllTextAsync(InFolder("bad.csv"), "id,x0\n1,2\n");
        Assert.Equal(65, await SpellAsync("--in", InFolder("bad.csv"), "--out", InFolder("out.csv")));
        Assert.False(File.Exists(InFolder("out.csv")));
        Assert.Equal(64, await SpellAsync("--in", InFolder("none.csv"), "--out", InFolder("out.csv")));
        Assert.Equal(64, await SpellAsync("--in", InFolder("bad.csv"), "--out", InFolder("out.csv"), "--model", TestModels.ShippedPath));
    }

    private static async Task<int> SpellAsync(params string[] options) => (await CommandRun.RunAsync(["spell", .. options])).Code;

    private string InFolder(string name) => Path.Combine(folder.Path, name);

    private string Write(LabelledFrames frames, string first)
    {
        var path = InFolder($"{Guid.NewGuid():N}.csv");
        var names = Enumerable.Range(0, Landmarks.Size).Select(i => $"{"xyz"[i % 3]}{i / 3}");
        File.WriteAllLines(path, Enumerable.Range(0, frames.Count)
            .Select(i => $"{(first == "id" ? $"f{i}" : Alphabet.Labels[frames.Letters[i]])},{string.Join(',', frames.Frame(i).ToArray())}")
            .Prepend($"{first},{string.Join(',', names)}"));
        return path;
    }
}
