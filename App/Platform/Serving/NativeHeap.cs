using System.Runtime.InteropServices;

namespace App.Platform.Serving;

/// <summary>
/// The C heap, that ONNX Runtime and the runtime's compiler work on. Reading and optimising a model, or compiling what a
/// start calls, takes many times the memory that is needed afterwards, and glibc keeps what is freed.
/// </summary>
internal static partial class NativeHeap
{
    /// <summary>Gives freed memory back to the system, where the C library knows how.</summary>
    public static void Trim()
    {
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            _ = TrimHeap(0);
        }
        catch (EntryPointNotFoundException)
        {
            // Not glibc.
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int TrimHeap(nint pad);
}
