using System.Runtime.InteropServices;
using App.Platform.Configuration;

namespace App.Platform.Serving;

/// <summary>Finds the command that the arguments name, runs it until it ends or is interrupted, and answers the exit code.</summary>
internal static class CommandHost
{
    private const int UsageError = 64;
    private const int DataError = 65;
    private const int Unavailable = 69;
    private const int SoftwareError = 70;
    private const int ConfigurationError = 78;

    /// <summary>Runs it.</summary>
    public static async Task<int> RunAsync(string[] args, IReadOnlyList<Command> commands)
    {
        // Not disposed: a second signal may still be on its way when the command has ended.
        var stopping = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Stop(signal, stopping));
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Stop(signal, stopping));
        try
        {
            var line = CommandLine.Parse(args);
            var words = string.Join(' ', line.Words);
            if (commands.FirstOrDefault(command => command.Name == words) is { } found)
                return await found.RunAsync(line, Variables.OfProcess(), stopping.Token);
            if (words is "help")
            {
                await Console.Out.WriteLineAsync(Help(commands));
                return 0;
            }
            await Console.Error.WriteLineAsync($"There is no command '{words}'.\n{Help(commands)}");
            return UsageError;
        }
        catch (UsageException e)
        {
            return Fail(e.Message, UsageError);
        }
        catch (InvalidVariablesException e)
        {
            return Fail(e.Message, ConfigurationError);
        }
        catch (InvalidDataException e)
        {
            return Fail(e.Message, DataError);
        }
        catch (UnavailableException e)
        {
            return Fail(e.Message, Unavailable);
        }
        catch (FailedServiceException e)
        {
            return Fail(e.Message, SoftwareError);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return 130;
        }
    }

    private static void Stop(PosixSignalContext signal, CancellationTokenSource stopping)
    {
        signal.Cancel = true;
        stopping.Cancel();
    }

    private static int Fail(string message, int code)
    {
        Console.Error.WriteLine(message);
        return code;
    }

    private static string Help(IReadOnlyList<Command> commands) =>
        "App serves; App <command> does one thing:\n" +
        string.Join('\n', commands.Where(c => c.Name.Length > 0).Select(c => $"  {c.Name,-24}{c.Usage}")) +
        "\nVariables are listed in docs/operations.md.";
}

/// <summary>Something outside that a command needs is not there: one line to stderr, exit code 69.</summary>
internal sealed class UnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A background service of the server has failed, and the process ends with it: one line to stderr, exit code 70.</summary>
internal sealed class FailedServiceException(string service, Exception inner)
    : Exception($"The background service {service} has failed, and the process ends: {inner.GetType().Name}: {inner.Message}", inner);
