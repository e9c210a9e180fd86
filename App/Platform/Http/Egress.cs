using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace App.Platform.Http;

/// <summary>
/// Makes the clients that call user-supplied URLs. A name is resolved and its addresses are checked when the connection
/// is opened, and it is opened to the very address that was checked: a name that answers otherwise the next time (DNS
/// rebinding) gains nothing. Redirects are not followed, no proxy is asked, no cookie is kept.
/// </summary>
internal sealed class Egress(EgressPolicy policy)
{
    /// <summary>Requests are traced, and the far side is not told: it is no business of a stranger's.</summary>
    public static readonly DistributedContextPropagator Untold = DistributedContextPropagator.CreateNoOutputPropagator();

    /// <summary>Resolves names; the system's resolver unless a test says otherwise.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>> Resolve { get; init; } = Dns.GetHostAddressesAsync;

    /// <summary>A client. Its requests have no time-out of their own: pass a token.</summary>
    /// <param name="carriesTrace">Whether the far side is told, in <c>traceparent</c>, which trace a request belongs to.</param>
    public HttpClient NewClient(bool carriesTrace = false) =>
        new(NewHandler(carriesTrace ? DistributedContextPropagator.Current : Untold),
            disposeHandler: true)
        { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>The same without what a client adds, and without asking for compressed answers: for many requests a second.</summary>
    public HttpMessageInvoker NewInvoker()
    {
        var handler = NewHandler(Untold);
        handler.AutomaticDecompression = DecompressionMethods.None;
        return new(handler, disposeHandler: true);
    }

    private SocketsHttpHandler NewHandler(DistributedContextPropagator propagator) => new()
    {
        ActivityHeadersPropagator = propagator,
        ConnectCallback = ConnectAsync,
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.All,
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        ConnectTimeout = TimeSpan.FromSeconds(15),
        MaxResponseHeadersLength = 64,
    };

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken ct)
    {
        var (host, port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        var addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await Resolve(host, ct);
        var allowed = addresses.Where(address => policy.Allows(host, address)).ToArray();
        if (allowed.Length == 0)
            throw addresses.Length == 0 ? new SocketException((int)SocketError.HostNotFound) : new EgressRefusedException(host);

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, port, ct);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

/// <summary>A user-supplied URL leads to an address that it may not reach. Trying again changes nothing.</summary>
internal sealed class EgressRefusedException(string host)
    : IOException($"'{host}' is at a private, local or reserved address: use a public one, or let the operator add it to EGRESS_ALLOW.")
{
    /// <summary>The refusal inside what an HTTP client threw, or null.</summary>
    public static EgressRefusedException? In(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
            if (exception is EgressRefusedException refused) return refused;
        return null;
    }
}
