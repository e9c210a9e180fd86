using Microsoft.AspNetCore.Http.Features;

namespace App.Signs.Fingerspelling.Live;

/// <summary>Puts a <see cref="CoalescingStream"/> between the server and the WebSocket that is made of a request.</summary>
internal sealed class CoalescingUpgrade(IHttpUpgradeFeature inner) : IHttpUpgradeFeature
{
    /// <summary>The wire, once the request has been upgraded.</summary>
    public CoalescingStream? Stream { get; private set; }

    /// <inheritdoc/>
    public bool IsUpgradableRequest => inner.IsUpgradableRequest;

    /// <inheritdoc/>
    public async Task<Stream> UpgradeAsync() => Stream = new CoalescingStream(await inner.UpgradeAsync());
}
