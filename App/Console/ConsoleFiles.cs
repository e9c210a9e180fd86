using System.Collections.Frozen;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;

namespace App.WebConsole;

/// <summary>
/// The files of the console, read once at start: the pages by name, and what lies under <c>assets/</c>, which is served
/// to anyone. Only a name that was found at start is served, so no path can lead out of the folder.
/// </summary>
internal sealed class ConsoleFiles
{
    private readonly FrozenDictionary<string, Asset> assets;
    private readonly FrozenDictionary<string, string> pages;

    private ConsoleFiles(FrozenDictionary<string, Asset> assets, FrozenDictionary<string, string> pages)
    {
        this.assets = assets;
        this.pages = pages;
    }

    /// <summary>Reads the folder that the build fills.</summary>
    /// <exception cref="DirectoryNotFoundException">The build did not copy it.</exception>
    public static ConsoleFiles Load(string folder) => new(
        Directory.EnumerateFiles(Path.Combine(folder, "assets"), "*", SearchOption.AllDirectories)
            .ToFrozenDictionary(path => Path.GetRelativePath(Path.Combine(folder, "assets"), path).Replace('\\', '/'), Asset.Read),
        Directory.EnumerateFiles(folder, "*.html").ToFrozenDictionary(path => Path.GetFileName(path), File.ReadAllText));

    /// <summary>A page as it lies in the folder.</summary>
    public string Page(string name) => pages[name];

    /// <summary>Maps <c>/assets/…</c>.</summary>
    public void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/assets/{**path}", Results<FileContentHttpResult, NotFound> (string path, HttpResponse response) =>
        {
            if (!assets.TryGetValue(path, out var asset)) return TypedResults.NotFound();
            response.Headers.XContentTypeOptions = "nosniff";
            // Asked for again each time and answered with 304: a new release is seen at once.
            response.Headers.CacheControl = "no-cache";
            return TypedResults.Bytes(asset.Content, asset.Type, entityTag: asset.Tag);
        }).ExcludeFromDescription();

    private sealed record Asset(byte[] Content, string Type, EntityTagHeaderValue Tag)
    {
        public static Asset Read(string path)
        {
            var content = File.ReadAllBytes(path);
            return new Asset(content, TypeOf(path),
                new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 12))}\""));
        }

        private static string TypeOf(string path) => Path.GetExtension(path) switch
        {
            ".js" => "text/javascript; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            ".svg" => "image/svg+xml",
            _ => "application/octet-stream",
        };
    }
}
