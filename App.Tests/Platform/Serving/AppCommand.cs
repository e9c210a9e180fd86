using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using App.Tests.Fixtures;

namespace App.Tests.Platform.Serving;

/// <summary>What a process of the product left: its exit code and what it wrote.</summary>
/// <param name="Code">Exit code.</param>
/// <param name="Out">Standard output.</param>
/// <param name="Error">Standard error.</param>
internal sealed record CommandResult(int Code, string Out, string Error);

/// <summary>A real process of the product with an environment of its own.</summary>
internal sealed partial class AppCommand : IDisposable
{
    private readonly Process process;
    private readonly StringBuilder output = new();
    private readonly StringBuilder error = new();
    private readonly TaskCompletionSource<Uri> listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private AppCommand(Process process) => this.process = process;

    /// <summary>Done when it has said where it listens.</summary>
    public Task<Uri> Listening => listening.Task.WaitAsync(Poll.Patience);

    /// <summary>Starts it.</summary>
    /// <param name="arguments">The command, as words.</param>
    /// <param name="variables">The environment beside what a process needs at all.</param>
    public static AppCommand Start(string arguments, params IEnumerable<(string Name, string Value)> variables)
    {
        var start = new ProcessStartInfo("dotnet", $"\"{Path.Combine(AppContext.BaseDirectory, "App.dll")}\" {arguments}")
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        foreach (var name in start.Environment.Keys.Except(["PATH", "HOME", "DOTNET_ROOT", "TMPDIR"]).ToList())
            start.Environment.Remove(name);
        foreach (var (name, value) in variables) start.Environment[name] = value;
        var command = new AppCommand(new Process { StartInfo = start });
        command.process.OutputDataReceived += (_, line) => command.Read(command.output, line.Data);
        command.process.ErrorDataReceived += (_, line) => command.Read(command.error, line.Data);
        command.process.Start();
        command.process.BeginOutputReadLine();
        command.process.BeginErrorReadLine();
        return command;
    }

    /// <summary>Runs one to its end.</summary>
    public static async Task<CommandResult> RunAsync(string arguments, params IEnumerable<(string Name, string Value)> variables)
    {
        using var command = Start(arguments, variables);
        return await command.EndAsync();
    }

    /// <summary>SIGTERM, as an orchestrator sends it.</summary>
    public Task<CommandResult> StopAsync()
    {
        App.Development.Embedded.Posix.Signal(process.Id, 15);
        return EndAsync();
    }

    /// <summary>Waits for its end.</summary>
    public async Task<CommandResult> EndAsync()
    {
        using var patience = new CancellationTokenSource(Poll.Patience);
        await process.WaitForExitAsync(patience.Token);
        return new(process.ExitCode, output.ToString(), error.ToString());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!process.HasExited) process.Kill();
        process.Dispose();
    }

    [GeneratedRegex(@"Listening on ""?(?<at>http://localhost:\d+)", RegexOptions.ExplicitCapture)]
    private static partial Regex ListeningLine();

    private void Read(StringBuilder into, string? line)
    {
        if (line is null) return;
        into.AppendLine(line);
        if (ListeningLine().Match(line) is { Success: true } match) listening.TrySetResult(new Uri(match.Groups["at"].Value));
    }
}
