namespace App.Platform.Commands;

/// <summary>
/// Tells on stderr how far a long command is: a bar with the remaining time on a terminal, plain lines elsewhere, so that
/// stdout holds nothing but results. May be called by several threads at once.
/// </summary>
internal abstract class CommandProgress(TimeProvider time)
{
    private readonly long begun = time.GetTimestamp();

    /// <summary>The time since the command began.</summary>
    protected TimeSpan Elapsed => time.GetElapsedTime(begun);

    /// <summary>Says one line.</summary>
    public abstract void Say(string text);

    /// <summary>Says how much of a task is done.</summary>
    /// <param name="task">What is being done, always in the same words.</param>
    /// <param name="done">How much of it.</param>
    /// <param name="total">How much there is to do.</param>
    /// <param name="detail">What else there is to know at this moment.</param>
    public abstract void Report(string task, long done, long total, string detail = "");

    /// <summary>Runs the work of a command, then writes its summary.</summary>
    /// <param name="error">Where to tell it.</param>
    /// <param name="work">Does it, and answers what was done.</param>
    public static async Task RunAsync(TextWriter error, Func<CommandProgress, Task<CommandSummary>> work)
    {
        var time = TimeProvider.System;
        var start = time.GetTimestamp();
        var isTerminal = ReferenceEquals(error, Console.Error) && !Console.IsErrorRedirected;
        var summary = isTerminal ? await TerminalProgress.RunAsync(error, time, work) : await work(new PlainProgress(error, time));
        summary.Write(error, time.GetElapsedTime(start));
    }
}
