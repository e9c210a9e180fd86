using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace App.Tests.Fixtures;

/// <summary>Tells whether anybody has opened or read a file since (inotify).</summary>
[SupportedOSPlatform("linux")]
internal sealed partial class OpenedFile : IDisposable
{
    private const int NonBlocking = 0x800, Access = 0x1, Open = 0x20;
    private readonly int watch;

    public OpenedFile(string path)
    {
        watch = inotify_init1(NonBlocking);
        if (watch < 0 || inotify_add_watch(watch, path, Access | Open) < 0) throw new IOException($"{path} cannot be watched.");
    }

    /// <summary>Whether it was opened since the last call.</summary>
    public bool WasOpened()
    {
        Span<byte> events = stackalloc byte[4096];
        return read(watch, ref MemoryMarshal.GetReference(events), events.Length) > 0;
    }

    public void Dispose() => _ = close(watch);

    [LibraryImport("libc")]
    private static partial int inotify_init1(int flags);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int inotify_add_watch(int watch, string path, uint mask);

    [LibraryImport("libc")]
    private static partial nint read(int file, ref byte buffer, nint length);

    [LibraryImport("libc")]
    private static partial int close(int file);
}
