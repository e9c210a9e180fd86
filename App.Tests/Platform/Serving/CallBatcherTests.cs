using App.Platform.Serving;

namespace App.Tests.Platform.Serving;

/// <summary>Calls that are made together.</summary>
public sealed class GatheringTests
{
    [Fact]
    public async Task Those_that_come_while_one_is_under_way_are_made_together_at_most_so_many()
    {
        var made = new List<int[]>();
        var (begun, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        var batcher = new CallBatcher<int, string>(3, async asked =>
        {
            made.Add([.. asked]);
            begun.TrySetResult();
            await go.Task;
            return [.. asked.Select(one => $"answer {one}")];
        });
        var first = batcher.AskAsync(0, default);
        await begun.Task;
        var others = Enumerable.Range(1, 5).Select(one => batcher.AskAsync(one, default)).ToArray();
        go.SetResult();
        Assert.Equal("answer 0", await first);
        Assert.Equal(["answer 1", "answer 2", "answer 3", "answer 4", "answer 5"], await Task.WhenAll(others));
        Assert.Equal([[0], [1, 2, 3], [4, 5]], made);
    }

    [Fact]
    public async Task What_goes_wrong_all_of_them_hear_and_those_that_come_later_do_not()
    {
        var fails = true;
        var batcher = new CallBatcher<int, int>(10, asked => fails ? throw new InvalidOperationException("no") : Task.FromResult(asked));
        await Assert.ThrowsAsync<InvalidOperationException>(() => batcher.AskAsync(1, default));
        fails = false;
        Assert.Equal(2, await batcher.AskAsync(2, default));
    }

    [Fact]
    public async Task Who_gives_up_waiting_has_asked_all_the_same()
    {
        var (asked, go) = (new TaskCompletionSource<int>(), new TaskCompletionSource());
        var batcher = new CallBatcher<int, int>(10, async all =>
        {
            asked.SetResult(all[0]);
            await go.Task;
            return all;
        });
        using var patience = new CancellationTokenSource();
        var call = batcher.AskAsync(7, patience.Token);
        Assert.Equal(7, await asked.Task);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        go.SetResult();
    }
}
