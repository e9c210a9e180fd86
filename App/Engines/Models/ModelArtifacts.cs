using System.Security.Cryptography;

namespace App.Engines.Models;

/// <summary>
/// The bytes of model versions: out of the database, else from the cache on disk, else from MODEL_ARTIFACT_BASE_URL;
/// always checked by their hash.
/// </summary>
internal sealed class ModelArtifacts(ModelRegistry registry, ModelOptions options, ILogger<ModelArtifacts> log)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly HttpClient Http = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5) });

    /// <summary>Hash of an artifact, lower-case hex.</summary>
    public static string HashOf(ReadOnlySpan<byte> artifact) => Convert.ToHexStringLower(SHA256.HashData(artifact));

    /// <summary>Where the artifact of a version is looked for under MODEL_ARTIFACT_BASE_URL.</summary>
    public static string PathOf(string name, int version) => $"{name}/{version}.onnx";

    /// <summary>The artifact of a registered version.</summary>
    /// <exception cref="InvalidModelException">It is missing, or not the one that was registered.</exception>
    public async Task<byte[]> GetAsync(ModelVersion version, CancellationToken ct)
    {
        if (await registry.ArtifactAsync(version.Id, ct) is { } stored) return Checked(stored, version.Sha256, "in the database");
        if (version.ArtifactUrl is not { } path) throw new InvalidModelException("The database keeps no artifact of it.");
        return await FetchAsync(path, version.Sha256, ct);
    }

    /// <summary>The artifact at a path under MODEL_ARTIFACT_BASE_URL, or what the cache has of that hash.</summary>
    /// <exception cref="InvalidModelException">It cannot be fetched, is too large, or has another hash.</exception>
    public async Task<byte[]> FetchAsync(string path, string sha256, CancellationToken ct)
    {
        var cached = Path.Combine(options.CacheDirectory, sha256 + ".onnx");
        if (File.Exists(cached))
        {
            var kept = await File.ReadAllBytesAsync(cached, ct);
            if (HashOf(kept) == sha256) return kept;
            log.LogWarning("{File} does not have the hash in its name: it is fetched again", cached);
        }
        var artifact = Checked(await DownloadAsync(path, ct), sha256, $"at {path}");
        await KeepAsync(cached, artifact, ct);
        return artifact;
    }

    private async Task<byte[]> DownloadAsync(string path, CancellationToken ct)
    {
        if (options.ArtifactBase is not { } root)
            throw new InvalidModelException(
                "The artifact is not in the database, and MODEL_ARTIFACT_BASE_URL is unset: set it, or send the artifact.");
        var url = new Uri(root.AbsoluteUri.TrimEnd('/') + "/" + path);
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(ct);
        bounded.CancelAfter(Patience);
        try
        {
            using var response = await Http.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, bounded.Token);
            if (!response.IsSuccessStatusCode)
                throw new InvalidModelException($"{url} answers {(int)response.StatusCode}: put the artifact there.");
            await using var body = await response.Content.ReadAsStreamAsync(bounded.Token);
            return await ReadAsync(body, url.ToString(), bounded.Token);
        }
        catch (Exception e)
            when (e is HttpRequestException or IOException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            throw new InvalidModelException($"{url} cannot be fetched: {e.Message}");
        }
    }

    /// <summary>Reads an artifact to its end.</summary>
    /// <exception cref="InvalidModelException">It is larger than <see cref="ModelOptions.MostBytes"/>.</exception>
    public static async Task<byte[]> ReadAsync(Stream body, string source, CancellationToken ct)
    {
        using var bytes = new MemoryStream();
        var buffer = new byte[81_920];
        int read;
        while ((read = await body.ReadAsync(buffer, ct)) > 0)
        {
            if (bytes.Length + read > ModelOptions.MostBytes)
                throw new InvalidModelException($"The artifact ({source}) is larger than {ModelOptions.MostBytes} bytes.");
            bytes.Write(buffer, 0, read);
        }
        return bytes.ToArray();
    }

    /// <summary>Throws unless the artifact has the hash.</summary>
    /// <exception cref="InvalidModelException">It has another.</exception>
    public static byte[] Checked(byte[] artifact, string sha256, string where)
    {
        var found = HashOf(artifact);
        return found == sha256
            ? artifact
            : throw new InvalidModelException(
                $"The artifact {where} has sha256 {found}, not {sha256}: it is damaged or another one.", "sha256");
    }

    // Without a disk to write to, every start fetches anew.
    private async Task KeepAsync(string file, byte[] artifact, CancellationToken ct)
    {
        try
        {
            Directory.CreateDirectory(options.CacheDirectory);
            var partial = $"{file}.{Guid.NewGuid():N}";
            await File.WriteAllBytesAsync(partial, artifact, ct);
            File.Move(partial, file, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.LogInformation("The artifact is not kept on disk: {Reason}", e.Message);
        }
    }
}
