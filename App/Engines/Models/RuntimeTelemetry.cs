using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace App.Engines.Models;

/// <summary>
/// Keeps ONNX Runtime from reporting to its maker, which its builds do unless told otherwise: a self-hosted product
/// calls nobody by itself.
/// </summary>
internal static partial class RuntimeTelemetry
{
    /// <summary>Turns it off; to be called before the first session is made.</summary>
    public static void Off()
    {
        // Read by native code when its environment is made; .NET's own SetEnvironmentVariable does not reach it on Unix.
        if (!OperatingSystem.IsWindows()) setenv("ORT_DISABLE_TELEMETRY", "1", overwrite: 1);
        OrtEnv.Instance().DisableTelemetryEvents();
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);
}
