using App.Engines.Models;
using App.Platform;
using App.Platform.Configuration;
using App.Tests.Fixtures;

namespace App.Tests.Engines.Models;

public sealed class OfflineModelTests(TestDatabase database) : IClassFixture<TestDatabase>, IDisposable
{
    private readonly TestFolder folder = TestFolder.Create(" with spaces");

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_file_needs_no_database()
    {
        using var offline = await OfflineModel.LoadAsync("tiny", Write(TinyModel.Spec()),
            Variables.Of(new Dictionary<string, string?>()), default);
        Assert.Equal(TinyModel.Spec().Labels, offline.Model.Spec.Labels);
    }

    [Fact]
    public async Task A_model_for_another_task_is_refused() =>
        Assert.Contains("a model for other", await FaultAsync("tiny", Write(TinyModel.Spec("other"))));

    [Theory]
    [InlineData("nowhere.onnx", "there is no such file")]
    [InlineData("tiny@1", "set DATABASE_URL")]
    [InlineData(null, "No model for tiny comes with this build")]
    public async Task What_is_not_there_is_named_with_its_cure(string? option, string fault) =>
        Assert.Contains(fault, await FaultAsync("tiny", option));

    [Fact]
    public async Task With_a_database_its_active_version_is_the_default_and_others_are_called_by_name()
    {
        await ModelRegistration.AddAsync(database.ConnectionString, TinyModel.Scaling(1), TinyModel.Spec(), activate: true, default);
        await ModelRegistration.AddAsync(database.ConnectionString, TinyModel.Scaling(2), TinyModel.Spec(), activate: false, default);
        Variables Configured() => Variables.Of(new Dictionary<string, string?> { ["DATABASE_URL"] = database.Url });
        using var active = await OfflineModel.LoadAsync("tiny", null, Configured(), default);
        Assert.Equal("tiny@1", active.Label);
        using var named = await OfflineModel.LoadAsync("tiny", "tiny@2", Configured(), default);
        Assert.Equal(ModelArtifacts.HashOf(TinyModel.Scaling(2)), named.Model.Sha256);
        var error = await Assert.ThrowsAsync<UsageException>(() => OfflineModel.LoadAsync("tiny", "tiny@9", Configured(), default));
        Assert.Contains("no such version", error.Message);
    }

    private static async Task<string> FaultAsync(string name, string? option) =>
        (await Assert.ThrowsAsync<UsageException>(() =>
            OfflineModel.LoadAsync(name, option, Variables.Of(new Dictionary<string, string?>()), default))).Message;

    private string Write(ModelSpec spec)
    {
        var file = Path.Combine(folder.Path, "model.onnx");
        File.WriteAllBytes(file, TinyModel.Scaling(1));
        File.WriteAllText(Path.ChangeExtension(file, ".json"), spec.ToJson());
        return file;
    }
}
