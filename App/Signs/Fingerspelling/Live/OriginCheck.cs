namespace App.Signs.Fingerspelling.Live;

/// <summary>
/// Whether the page that opens a WebSocket may: browsers let any site open one to any other, and say only where it comes
/// from. Programs send no origin, and prove themselves by their key alone.
/// </summary>
internal static class OriginCheck
{
    /// <summary>Pages of this host, whatever scheme a proxy before it speaks, and of the sites that are allowed.</summary>
    public static bool Passes(string? origin, HostString host, IReadOnlySet<string> allowed)
    {
        if (string.IsNullOrEmpty(origin)) return true;
        if (!Uri.TryCreate(origin, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https")) return false;
        if (allowed.Contains(url.GetLeftPart(UriPartial.Authority))) return true;
        return string.Equals(url.IdnHost, host.Host.Trim('[', ']'), StringComparison.OrdinalIgnoreCase)
            && (host.Port is { } port ? url.Port == port : url.IsDefaultPort);
    }
}
