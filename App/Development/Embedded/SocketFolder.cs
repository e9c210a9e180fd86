using System.Text;

namespace App.Development.Embedded;

/// <summary>The private folder of the server's Unix socket: entering it is the permission to connect.</summary>
internal static class SocketFolder
{
    // sockaddr_un holds 104 bytes on macOS and 108 on Linux, a final zero included.
    private const int Limit = 103;

    /// <summary>
    /// Makes the folder: <c>run</c> beside the cluster, or one in the temporary folder, named after a hash, when that
    /// path is too long for a socket or holds what Npgsql reads as a list of hosts.
    /// </summary>
    /// <exception cref="EmbeddedServerException">It belongs to somebody else.</exception>
    public static string Make(string home, ServerUser user)
    {
        var name = $"tandem-{ClusterHome.Hash(home)}";
        string[] places = [Path.Combine(home, "run"), Path.Combine(Path.GetTempPath(), name), $"/tmp/{name}"];
        var folder = places.First(place => Fits(place) || place == places[^1]);
        if (new DirectoryInfo(folder).LinkTarget is not null)
            throw new EmbeddedServerException($"The socket's folder '{folder}' is a symbolic link: remove it.");
        try
        {
            user.MakePrivate(folder);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new EmbeddedServerException(
                $"The socket's folder '{folder}' belongs to another user: remove it, or set DATABASE_URL.", e);
        }
        return folder;
    }

    private static bool Fits(string folder) =>
        Encoding.UTF8.GetByteCount(folder) + "/.s.PGSQL.65535.lock".Length <= Limit && folder.IndexOfAny([',', ':']) < 0;
}
