using System.Net.Sockets;
using Npgsql;

namespace App.Platform.Database;

/// <summary>
/// Tells faults of the way to the database, which pass, from faults of what was asked, which do not. A database that
/// refuses a session or ends it (no login, wrong password, too many clients, shutting down) belongs to the former: whoever
/// needs it waits until it is let in.
/// </summary>
internal static class TransientFault
{
    /// <summary>Whether the same call may succeed a little later without anything being changed.</summary>
    public static bool Is(Exception exception) => exception switch
    {
        PostgresException e =>
            IsOfSession(e) || e.IsTransient || e.SqlState.StartsWith("57P", StringComparison.Ordinal)
                || e.SqlState is "25P03" or "55P03" or "57014",
        NpgsqlException or TimeoutException or SocketException or IOException => true,
        ObjectDisposedException => true,
        _ => exception.InnerException is { } inner && Is(inner),
    };

    /// <summary>What the database said when it refused a session or ended it, to be shown to anybody; null when it said nothing.</summary>
    public static string? Refusal(Exception exception) => exception switch
    {
        PostgresException e => $"{e.MessageText} ({e.SqlState})",
        _ => exception.InnerException is { } inner ? Refusal(inner) : null,
    };

    /// <summary>
    /// Whether a fault of code that talks to others as well is one of the way to the database: only what Npgsql throws
    /// is, for a time-out or a broken stream may be anybody's.
    /// </summary>
    public static bool IsOfDatabase(Exception exception) =>
        exception is NpgsqlException ? Is(exception) : exception.InnerException is { } inner && IsOfDatabase(inner);

    // The severity tells it, not the code: 42501 and 55000 are also said of statements, and those are refused again.
    private static bool IsOfSession(PostgresException e) => e.InvariantSeverity is "FATAL" or "PANIC";
}
