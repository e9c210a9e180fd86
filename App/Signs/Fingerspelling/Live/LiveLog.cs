using App.Platform.Observability;

namespace App.Signs.Fingerspelling.Live;

/// <summary>One line for each live connection that opens or ends, as many a second as can be read.</summary>
internal sealed class LiveLog(ILogger<LiveLog> log, TimeProvider time) : IDisposable
{
    private readonly LogRate connected = new(log, "clients connected", time);
    private readonly LogRate disconnected = new(log, "clients disconnected", time);

    /// <summary>A connection is open.</summary>
    /// <param name="places">Connections that there are now.</param>
    public void Connected(int places)
    {
        if (connected.Allows()) log.LogInformation("Client connected, {Connections} now", places);
    }

    /// <summary>It has ended.</summary>
    public void Disconnected(string reason, long frames, TimeSpan lasted)
    {
        if (disconnected.Allows())
            log.LogInformation("Client disconnected ({Reason:l}) after {Frames} frames in {Seconds:0.0} s", reason, frames,
                lasted.TotalSeconds);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        connected.Dispose();
        disconnected.Dispose();
    }
}
