using System.CommandLine;
using System.CommandLine.Invocation;
using System.Runtime.InteropServices;
using App.Platform.Configuration;
using App.Platform.Files;
using App.Platform.Serving;

namespace App.Platform.Commands;

/// <summary>Runs the command that the arguments name until it ends or is interrupted, and answers the exit code.</summary>
internal static class CommandHost
{
    // A file is named by an option; an argument that begins with @ is a text like every other.
    private static readonly ParserConfiguration Parsing = new() { ResponseFileTokenReplacer = null };

    /// <summary>Runs it in this process: SIGINT and SIGTERM interrupt it. Without words the process serves.</summary>
    public static async Task<int> RunProcessAsync(string[] args, Func<CancellationToken, Task<int>> serve, Func<RootCommand> commands)
    {
        // Not disposed: a second signal may still be on its way when the command has ended.
        var stopping = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Stop(signal, stopping));
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Stop(signal, stopping));
        // A server that is to start has nothing to parse: its start does not wait for every command to be declared.
        return args is []
            ? await EndAsync(() => serve(stopping.Token), Console.Error, stopping.Token)
            : await RunAsync(args, commands(), Console.Out, Console.Error, stopping.Token);
    }

    /// <summary>Runs it: results go to <paramref name="output"/>; faults, progress and summaries to <paramref name="error"/>.</summary>
    public static async Task<int> RunAsync(string[] args, RootCommand root, TextWriter output, TextWriter error, CancellationToken ct)
    {
        var parsed = root.Parse(args is ["help", .. var words] ? [.. words, "--help"] : args, Parsing);
        if (parsed.Action is ParseErrorAction fault) return await ExplainAsync(parsed, fault, error, ct);
        // Signals and exceptions are handled here: the library's own handling knows other exit codes and ends a drain early.
        var invocation = new InvocationConfiguration
        {
            Output = output,
            Error = error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null
        };
        return await EndAsync(() => parsed.InvokeAsync(invocation, ct), error, ct);
    }

    // The exit code of a command, whatever its end.
    private static async Task<int> EndAsync(Func<Task<int>> run, TextWriter error, CancellationToken ct)
    {
        try
        {
            return await run();
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return ExitCodes.Interrupted;
        }
        catch (Exception e) when (CodeOf(e) is { } code)
        {
            await error.WriteLineAsync(e.Message);
            return code;
        }
    }

    private static int? CodeOf(Exception e) => e switch
    {
        UsageException => ExitCodes.Usage,
        BadFileException or InvalidDataException => ExitCodes.Data,
        UnavailableException => ExitCodes.Unavailable,
        FailedServiceException => ExitCodes.Software,
        InvalidVariablesException => ExitCodes.Configuration,
        _ => null,
    };

    // What is wrong, what may have been meant, and where to read on.
    private static async Task<int> ExplainAsync(ParseResult parsed, ParseErrorAction fault, TextWriter error, CancellationToken ct)
    {
        fault.ShowHelp = false;
        await parsed.InvokeAsync(new InvocationConfiguration { Output = error, Error = error }, ct);
        await error.WriteLineAsync($"{PathOf(parsed)} --help lists what it takes.");
        return ExitCodes.Usage;
    }

    private static string PathOf(ParseResult parsed)
    {
        var names = new List<string>();
        for (Symbol? command = parsed.CommandResult.Command; command is not null; command = command.Parents.FirstOrDefault())
            names.Insert(0, command is RootCommand ? "App" : command.Name);
        return string.Join(' ', names);
    }

    private static void Stop(PosixSignalContext signal, CancellationTokenSource stopping)
    {
        signal.Cancel = true;
        stopping.Cancel();
    }
}
