using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Bench;

/// <summary>The product as users run it: a process of its own, on a port of its own.</summary>
internal sealed class AppProcess : IAsyncDisposable
{
    public const string Key = "benchmark-key-0123456789";
    private readonly Process process;

    private AppProcess(Process process, int port, TimeSpan ready)
    {
        this.process = process;
        Address = new Uri($"http://127.0.0.1:{port}");
        ReadyAfter = ready;
    }

    public Uri Address { get; }

    public int Pid => process.Id;

    /// <summary>From the start of the process to its first ready answer.</summary>
    public TimeSpan ReadyAfter { get; }

    public static async Task<AppProcess> StartAsync(string folder, string databaseUrl, bool worker, CancellationToken ct)
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();

        var start = new ProcessStartInfo("dotnet", [Path.Combine(folder, "App.dll")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["DATABASE_URL"] = databaseUrl,
                ["PORT"] = port.ToString(),
                ["WORKER_ENABLED"] = worker ? "true" : "false",
                ["ADMIN_API_KEY"] = Key,
                ["LOG_LEVEL"] = "warn",
            },
        };
        var watch = Stopwatch.StartNew();
        var started = Process.Start(start)!;
        started.OutputDataReceived += (_, e) => Show(e.Data);
        started.ErrorDataReceived += (_, e) => Show(e.Data);
        started.BeginOutputReadLine();
        started.BeginErrorReadLine();
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        while (true)
        {
            if (started.HasExited) throw new InvalidOperationException($"The product exited with {started.ExitCode}.");
            try
            {
                if ((await http.GetAsync("/health/ready", ct)).IsSuccessStatusCode) return new AppProcess(started, port, watch.Elapsed);
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }
            await Task.Delay(5, ct);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Process.Start("kill", ["-TERM", Pid.ToString()])!.WaitForExit();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
        }
        process.Dispose();
    }

    private static void Show(string? line)
    {
        if (!string.IsNullOrWhiteSpace(line)) Console.Error.WriteLine("  app: " + line);
    }
}
