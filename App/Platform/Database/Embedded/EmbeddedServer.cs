namespace App.Platform.Database.Embedded;

internal sealed record EmbeddedOptions { public required string DataDirectory { get; init; } }
internal sealed class EmbeddedServer : IAsyncDisposable
{
    public string ConnectionString => "";
    public static Task<EmbeddedServer> StartAsync(EmbeddedOptions o, CancellationToken ct = default) => throw new NotSupportedException();
    public ValueTask DisposeAsync() => default;
}
