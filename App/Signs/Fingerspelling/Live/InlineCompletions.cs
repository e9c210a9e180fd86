using System.Net.Sockets;
using System.Reflection;

namespace App.Signs.Fingerspelling.Live;

/// <summary>
/// Lets what waits for one socket go on on the thread that watches all sockets, instead of on one of the pool: for a lone
/// frame the way from thread to thread costs more than the frame. The runtime has it as a switch for the whole process
/// (<c>DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS</c>), which would put requests and the database on that thread; for
/// one socket it is not public. A runtime that lacks it serves frames on the pool.
/// </summary>
internal static class InlineCompletions
{
    private static readonly Action<SafeSocketHandle, bool>? Set = typeof(SafeSocketHandle)
        .GetProperty("PreferInlineCompletions", BindingFlags.Instance | BindingFlags.NonPublic)?.SetMethod?.CreateDelegate<Action<SafeSocketHandle, bool>>();

    /// <summary>Whether this runtime has it.</summary>
    public static bool Supported => Set is not null;

    /// <summary>Switches it for one socket.</summary>
    public static void Prefer(Socket socket, bool inline) => Set?.Invoke(socket.SafeHandle, inline);
}
