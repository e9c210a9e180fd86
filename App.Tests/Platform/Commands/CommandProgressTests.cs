using App.Platform.Commands;
using App.Tests.Fixtures;

namespace App.Tests.Platform.Commands;

public sealed class CommandProgressTests
{
    private readonly ManualTime time = new();
    private readonly StringWriter error = new();

    [Fact]
    public void Plain_lines_tell_each_tenth_and_the_remaining_time()
    {
        var progress = new PlainProgress(error, time);
        for (var step = 1; step <= 200; step++)
        {
            progress.Report("steps", step, 200, "loss 0.5");
            time.Advance(TimeSpan.FromSeconds(1));
        }
        Assert.Equal(10, Lines.Length);
        Assert.Equal("  19.0 s  steps: 20 of 200, loss 0.5, about 2 min 51 s left", Lines[0]);
        Assert.Equal(" 199.0 s  steps: 200 of 200, loss 0.5", Lines[^1]);
    }

    [Fact]
    public void A_thread_that_was_overtaken_says_nothing()
    {
        var progress = new PlainProgress(error, time);
        progress.Report("frames", 80, 100);
        progress.Report("frames", 60, 100);
        progress.Report("other frames", 60, 100);
        Assert.Equal(2, Lines.Length);
    }

    [Theory]
    [InlineData(4.84, "4.8 s")]
    [InlineData(48.2, "48 s")]
    [InlineData(200, "3 min 20 s")]
    [InlineData(7500, "2 h 5 min")]
    public void Spans_are_told_as_people_say_them(double seconds, string told) =>
    Assert.Equal(told, CommandSummary.Duration(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public async Task A_summary_ends_the_command_with_the_time_that_it_took()
    {
        await CommandProgress.RunAsync(error, progress =>
        {
            progress.Say("working");
            return Task.FromResult(new CommandSummary(("wrote", "a.csv")));
        });
        Assert.EndsWith("working", Lines[0]);
        Assert.Equal(["Summary", "  wrote       a.csv"], Lines[1..3]);
        Assert.StartsWith("  took        ", Lines[3]);
    }

    private string[] Lines => error.ToString().TrimEnd().Split(Environment.NewLine);
}
