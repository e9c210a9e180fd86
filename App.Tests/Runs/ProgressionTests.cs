using App.Runs;
using App.Runs.Execution;
using App.Runs.Plans;

namespace App.Tests.Runs;

/// <summary>What follows from the states of a run's steps.</summary>
public sealed class ProgressionTests
{
    [Theory]
    // name:status>dependencies, ! continues on error; then ready / skipped / how it has ended.
    [InlineData("a:pending b:pending>a", "a", "", "")]
    [InlineData("a:succeeded b:pending>a c:pending>a", "b c", "", "")]
    [InlineData("a:running b:pending>a", "", "", "")]
    [InlineData("a:waiting b:pending>a c:pending", "c", "", "")]
    [InlineData("a:succeeded b:running c:pending>a,b", "", "", "")]
    [InlineData("a:failed b:pending>a c:pending>b d:running", "", "b c", "")]
    [InlineData("c:pending>b b:pending>a a:failed", "", "c b", "failed")]
    [InlineData("a:failed! b:pending>a", "b", "", "")]
    [InlineData("a:failed! b:succeeded>a", "", "", "succeeded")]
    [InlineData("a:failed b:running c:pending>a,b", "", "c", "")]
    [InlineData("a:succeeded b:succeeded>a", "", "", "succeeded")]
    [InlineData("a:succeeded b:failed>a", "", "", "failed")]
    [InlineData("a:ready", "", "", "")]
    [InlineData("", "", "", "succeeded")]
    public void Steps_become_ready_or_skipped_and_the_run_ends(string steps, string ready, string skipped, string ended)
    {
        var progression = Progression.Of([.. steps.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Parse)]);
        Assert.Equal(ready, string.Join(' ', progression.Ready));
        Assert.Equal(skipped.Split(' ').Order(), string.Join(' ', progression.Skipped).Split(' ').Order());
        Assert.Equal(ended, !progression.HasEnded ? "" : progression.HasFailed ? "failed" : "succeeded");
    }

    [Fact]
    public void A_long_chain_costs_no_stack()
    {
        var steps = Enumerable.Range(0, 1000).Select(i => ($"s{i}", (IReadOnlyList<string>)(i == 0 ? [] : [$"s{i - 1}"]))).ToList();
        var graph = new PlanGraph(steps);
        Assert.Null(graph.Cycle());
        Assert.Equal(999, graph.Before("s999").Count);
        Assert.Empty(graph.Before("s0"));
        Assert.Equal(1001, new PlanGraph([("s0", ["s999"]), .. steps[1..]]).Cycle()!.Count);
        var skipped =
            Progression.Of(
                [.. steps.Select((step, i) => new StepNode(step.Item1, i == 0 ? RunState.Failed : RunState.Pending, step.Item2, false))]);
        Assert.Equal((999, true, true), (skipped.Skipped.Count, skipped.HasEnded, skipped.HasFailed));
    }

    [Theory]
    [InlineData(1, 0, 4000)]
    [InlineData(1, 0.5, 5000)]
    [InlineData(2, 0.5, 10_000)]
    [InlineData(3, 0.9999999, 24_000)]
    [InlineData(7, 0.5, 300_000)]
    [InlineData(100, 0.9999999, 300_000)]
    public void Pauses_double_with_each_attempt_up_to_five_minutes(int attempt, double chance, double expectedMs)
    {
        var options = new RunOptions { StepTimeoutMs = 1, MaxAttempts = 1, Backoff = TimeSpan.FromSeconds(5) };
        Assert.Equal(expectedMs, options.BackoffAfter(attempt, chance).TotalMilliseconds, 0.1);
    }

    private static StepNode Parse(string text)
    {
        var (head, dependsOn) = text.Split('>') is [var h, var d] ? (h, d.Split(',')) : (text, []);
        var (name, status) = (head.Split(':')[0], head.Split(':')[1]);
        return new StepNode(name, status.TrimEnd('!'), dependsOn, status.EndsWith('!'));
    }
}
