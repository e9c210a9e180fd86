using App.Platform.Configuration;

namespace App.Signs.Fingerspelling.Live;

/// <summary>Limits of live connections, and how many frames a letter is smoothed over.</summary>
internal sealed record LiveOptions
{
    /// <summary>How long an answer may wait for a reader before its connection is dropped.</summary>
    public static readonly TimeSpan ReaderPatience = TimeSpan.FromSeconds(5);

    /// <summary>A ping is sent this often, and its pong must come within as long again.</summary>
    public static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(20);

    /// <summary>How long the far side may take to answer a close.</summary>
    public static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(2);

    /// <summary>Connections of this process at once.</summary>
    public required int MostConnections { get; init; }

    /// <summary>A connection without a frame for as long is closed.</summary>
    public required TimeSpan Idle { get; init; }

    /// <summary>Frames that a smoothed letter speaks for.</summary>
    public required int Window { get; init; }

    /// <summary>Origins of other sites whose pages may connect, such as <c>https://app.example.org</c>.</summary>
    public required IReadOnlySet<string> Origins { get; init; }

    /// <summary>Reads and checks the variables.</summary>
    public static LiveOptions Read(Variables variables) => new()
    {
        MostConnections = variables.Integer("LIVE_CONNECTIONS", 2000, 1, 100_000),
        Idle = TimeSpan.FromSeconds(variables.Integer("LIVE_IDLE_SECONDS", 300, 5, 86_400)),
        Window = variables.Integer("SLIDING_WINDOW_SIZE", 5, 1, LetterWindow.MostFrames),
        Origins = OriginsOf(variables),
    };

    private static HashSet<string> OriginsOf(Variables variables)
    {
        var origins = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var text in (variables.Text("LIVE_ORIGINS") ?? "").Split(',',
            StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.PathAndQuery == "/"
                && url.UserInfo.Length == 0)
                origins.Add(url.GetLeftPart(UriPartial.Authority));
            else
                variables.Fault("LIVE_ORIGINS", text, "set origins such as https://app.example.org, separated by commas", 0);
        }
        return origins;
    }
}
