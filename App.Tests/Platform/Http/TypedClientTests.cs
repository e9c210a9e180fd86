using System.Diagnostics;
using App.Tests.Architecture;
using App.Tests.Fixtures;

namespace App.Tests.Platform.Http;

/// <summary>
/// What tools of others make of the API document: a linter finds nothing wrong, and a generated client compiles and
/// works.
/// </summary>
public sealed class TypedClientTests(AppHost host) : IClassFixture<AppHost>, IDisposable
{
    private static readonly string Project = Path.Combine(Sources.Root, "App.Tests", "TypedClient");

    private readonly TestFolder folder = TestFolder.Create();

    [Fact]
    public async Task A_linter_finds_no_error()
    {
        var document = await DocumentAsync();

        var problems = await NodeAsync(Path.Combine(Project, "lint.js"), document);

        Assert.DoesNotContain(problems.Split('\n'), problem => problem.StartsWith("error ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_generated_client_compiles_and_is_answered_as_it_expects()
    {
        var document = await DocumentAsync();
        foreach (var name in (string[])["client.ts", "tsconfig.json", "package.json"])
            File.Copy(Path.Combine(Project, name), Path.Combine(folder.Path, name));
        Directory.CreateSymbolicLink(Path.Combine(folder.Path, "node_modules"), Path.Combine(Project, "node_modules"));

        await NodeAsync(Module("openapi-typescript", "bin", "cli.js"), document, "-o", Path.Combine(folder.Path, "api.d.ts"));
        await NodeAsync(Module("typescript", "bin", "tsc"), "-p", folder.Path);
        await NodeAsync(Path.Combine(folder.Path, "client.js"), host.Address.ToString(), AppHost.AdminKey);
    }

    /// <inheritdoc/>
    public void Dispose() => folder.Dispose();

    private static string Module(params string[] path) => Path.Combine([Project, "node_modules", .. path]);

    private async Task<string> DocumentAsync()
    {
        var path = Path.Combine(folder.Path, "v1.json");
        await File.WriteAllBytesAsync(path, await host.Http.GetByteArrayAsync("/openapi/v1.json"));
        return path;
    }

    private static async Task<string> NodeAsync(params string[] words)
    {
        var start = new ProcessStartInfo("node", words)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true
        };
        using var node = Process.Start(start)!;
        var (output, errors) = (node.StandardOutput.ReadToEndAsync(), node.StandardError.ReadToEndAsync());
        await node.WaitForExitAsync();
        Assert.True(node.ExitCode == 0, $"{words[0]}: {await output}{await errors}");
        return await output;
    }
}
