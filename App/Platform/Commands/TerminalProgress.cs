using Spectre.Console;

namespace App.Platform.Commands;

/// <summary>Progress on a terminal: a bar for each task, with the remaining time; lines scroll above the bars.</summary>
internal sealed class TerminalProgress : CommandProgress
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, ProgressTask> tasks = [];
    private readonly IAnsiConsole console;
    private readonly ProgressContext bars;

    private TerminalProgress(IAnsiConsole console, ProgressContext bars, TimeProvider time) : base(time) =>
        (this.console, this.bars) = (console, bars);

    /// <inheritdoc/>
    public override void Say(string text)
    {
        lock (gate) console.WriteLine($"{Elapsed.TotalSeconds,6:F1} s  {text}");
    }

    /// <inheritdoc/>
    public override void Report(string task, long done, long total, string detail = "")
    {
        lock (gate)
        {
            if (!tasks.TryGetValue(task, out var bar)) tasks[task] = bar = bars.AddTask(Markup.Escape(task), maxValue: Math.Max(1, total));
            bar.Description = Markup.Escape(detail.Length > 0 ? $"{task}, {detail}" : task);
            bar.Value = Math.Max(bar.Value, done);
        }
    }

    /// <summary>Runs the work with its bars on a terminal.</summary>
    public static async Task<CommandSummary> RunAsync(TextWriter error, TimeProvider time, Func<CommandProgress, Task<CommandSummary>> work)
    {
        var terminal = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(error) });
        return await terminal.Progress()
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(),
                new RemainingTimeColumn())
            .StartAsync(bars => work(new TerminalProgress(terminal, bars, time)));
    }
}
