using System.Net.Sockets;
using App.Platform.Configuration;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace App.Platform.Serving;

/// <summary>How Kestrel listens: IPv6 and IPv4 on one port, bounded bodies and headers, no name of the server.</summary>
internal static class Listening
{
    /// <summary>The largest body that any endpoint takes, in bytes on the wire.</summary>
    public const int MaxBodyBytes = 16 * 1024 * 1024;

    /// <summary>Applies it.</summary>
    public static void Configure(KestrelServerOptions kestrel, PlatformOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = MaxBodyBytes;
        kestrel.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        kestrel.ListenAnyIP(options.Port);
    }

    /// <summary>How it handles sockets.</summary>
    public static void ConfigureSockets(SocketTransportOptions sockets)
    {
        // A read that waits holds 4 kB; asking first whether there is something would be one more system call a read.
        sockets.WaitForDataBeforeAllocatingBuffer = false;
    }

    /// <summary>Asks for the port before the host does, whose own answer is a page of stack traces.</summary>
    /// <exception cref="UnavailableException">Another program has it.</exception>
    public static void RequireFree(int port)
    {
        try
        {
            using var probe = TcpListener.Create(port);
            probe.Start();
        }
        catch (SocketException e)
        {
            throw new UnavailableException($"PORT {port} cannot be listened on: {e.Message}. Set PORT to a free one.", e);
        }
    }
}
