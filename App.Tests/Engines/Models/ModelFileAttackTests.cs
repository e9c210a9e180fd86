using System.Buffers.Binary;
using System.Net;
using System.Runtime.Versioning;
using System.Text;
using App.Engines.Models;
using App.Platform;
using App.Platform.Configuration;
using App.Tests.Fixtures;

namespace App.Tests.Engines.Models;

/// <summary>Uploads that would make the server open one of its files and tell what is in it.</summary>
[SupportedOSPlatform("linux")]
public sealed class ModelFileAttackTests : IClassFixture<AppHost>, IDisposable
{
    private const string Secret = "TANDEM-KEY-0123456789";
    private readonly AppHost host;
    private readonly string folder = Path.Combine(Environment.CurrentDirectory, $"secret-{Guid.NewGuid():N}");
    private readonly string file;
    private readonly string relative;
    private readonly OpenedFile watched;

    public ModelFileAttackTests(AppHost host)
    {
        this.host = host;
        // Under the working directory, as .data/admin.key is: ONNX Runtime itself refuses paths that lead out of it.
        Directory.CreateDirectory(folder);
        file = Path.Combine(folder, "admin.key");
        relative = Path.GetRelativePath(Environment.CurrentDirectory, file);
        File.WriteAllText(file, Secret);
        watched = new(file);
    }

    public static TheoryData<string> Places => [.. FileReadingModel.Places.Keys];

    public void Dispose()
    {
        watched.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task An_uploaded_model_reads_no_file_of_the_server(string place)
    {
        foreach (var path in (string[])[relative, file, $"../{Path.GetFileName(Environment.CurrentDirectory)}/{relative}"])
        {
            var artifact = FileReadingModel.Places[place](path);
            using var stranger = host.ClientOfItsOwn();
            AssertTellsNothing(HttpStatusCode.Forbidden, "admin key of the organization 'default'", await UploadAsync(stranger, artifact));
            AssertTellsNothing(HttpStatusCode.UnprocessableEntity, "", await UploadAsync(host.Http, artifact));
        }
        Assert.Equal(0, await host.ScalarAsync<long>("select count(*) from model_versions where name = 'tiny'"));
        Assert.False(watched.WasOpened());
        Assert.Equal(Secret, await File.ReadAllTextAsync(file));
        Assert.True(watched.WasOpened());
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task A_model_file_of_a_command_reads_no_other_file(string place)
    {
        var model = Path.Combine(folder, "model.onnx");
        await File.WriteAllBytesAsync(model, FileReadingModel.Places[place](relative));
        await File.WriteAllTextAsync(Path.ChangeExtension(model, ".json"), TinyModel.Spec().ToJson());
        var variables = Variables.Of(new Dictionary<string, string?>());
        await Assert.ThrowsAsync<UsageException>(() => OfflineModel.LoadAsync("tiny", model, variables, default));
        Assert.False(watched.WasOpened());
    }

    [Fact]
    public async Task A_version_that_an_earlier_build_has_taken_is_not_loaded()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var process = new ModelProcess(database);
        var added = await process.AddAsync(FileReadingModel.Places["initializer"](relative));
        await process.Registry.ActivateAsync(added, default);
        await process.Models.RefreshAsync(default);
        Assert.Null(process.Models.Get("tiny").Serving);
        var fault = process.Models.Get("tiny").Fault;
        Assert.StartsWith("It is no ONNX file: a field's tag is longer than 32 bits", fault, StringComparison.Ordinal);
        Assert.False(watched.WasOpened());
    }

    private static async Task<(HttpStatusCode Status, string Body)> UploadAsync(HttpClient http, byte[] artifact)
    {
        using var form = new MultipartFormDataContent
        {
            { new ByteArrayContent(artifact), "artifact", "tiny.onnx" },
            { new StringContent(TinyModel.Spec().ToJson()), "spec" },
        };
        using var response = await http.PostAsync("/api/models/tiny/versions", form);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    private static void AssertTellsNothing(HttpStatusCode status, string why, (HttpStatusCode Status, string Body) answer)
    {
        var bytes = Encoding.UTF8.GetBytes(Secret);
        for (var at = 0; at + 8 <= bytes.Length; at += 8)
        {
            var number = BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(at)).ToString();
            Assert.DoesNotContain(number, answer.Body, StringComparison.Ordinal);
        }
        Assert.DoesNotContain(Secret[..8], answer.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("admin.key", answer.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("ErrorCode", answer.Body, StringComparison.Ordinal);
        Assert.Equal(status, answer.Status);
        Assert.Contains(why, answer.Body.Replace("\\u0027", "'", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase);
    }
}
