using System.Diagnostics;
using System.Text;
using App.Development.Embedded;
using App.Tests.Fixtures;

namespace App.Tests.Scenarios;

/// <summary>A real process, its output, and the signals that befall it.</summary>
internal class ChildProcess : IAsyncDisposable
{
    public const int Terminate = 15;
    public const int Stop = 19;
    public const int Continue = 18;

    private readonly Process process;
    private readonly StringBuilder output = new();

    protected ChildProcess(ProcessStartInfo start)
    {
        start.UseShellExecute = false;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Id => process.Id;

    public bool HasExited => process.HasExited;

    /// <summary>Everything it has written.</summary>
    public string Output
    {
        get { lock (output) return output.ToString(); }
    }

    /// <summary>Waits until it has written a text.</summary>
    public Task WroteAsync(string text) => Poll.UntilAsync($"it writes '{text}'", async () =>
    {
        if (Output.Contains(text, StringComparison.Ordinal)) return true;
        if (!process.HasExited) return false;
        // What it wrote last may be under way.
        await process.WaitForExitAsync();
        return Output.Contains(text, StringComparison.Ordinal)
            ? true : throw new InvalidOperationException($"It has ended with {process.ExitCode}: {Output}");
    }, whatElse: () => Output);

    public void Signal(int signal) => Assert.True(Posix.Signal(Id, signal));

    public void Kill() => Posix.Signal(Id, Posix.Kill);

    /// <summary>Waits for its end and answers the exit code.</summary>
    public async Task<int> ExitAsync(int? seconds = null)
    {
        var patience = seconds is { } given ? TimeSpan.FromSeconds(given) : Poll.Patience;
        using var deadline = new CancellationTokenSource(patience);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"It has not ended within {patience.TotalSeconds} s. {Output}");
        }
        return process.ExitCode;
    }

    public virtual async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            Posix.Signal(Id, Continue);
            Kill();
            await process.WaitForExitAsync();
        }
        process.Dispose();
    }

    private void Keep(string? line)
    {
        if (line is null) return;
        lock (output) output.AppendLine(line);
    }
}
