namespace App.Platform.Serving;

/// <summary>
/// Makes calls that come while another is under way together, as one batch: one round trip, or one commit, for all of them. A
/// call that comes alone is made at once.
/// </summary>
/// <param name="most">Of one call together.</param>
/// <param name="together">Makes them, and answers each, in their order. What it throws each of them throws.</param>
internal sealed class CallBatcher<TAsked, TAnswer>(int most, Func<IReadOnlyList<TAsked>, Task<IReadOnlyList<TAnswer>>> together)
{
    private readonly Lock gate = new();
    private List<Call> waiting = [];
    private bool calling;

    private sealed record Call(TAsked Asked)
    {
        public TaskCompletionSource<TAnswer> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Asks; who gives up waiting has asked all the same.</summary>
    public Task<TAnswer> AskAsync(TAsked asked, CancellationToken ct)
    {
        var mine = new Call(asked);
        lock (gate)
        {
            waiting.Add(mine);
            if (calling) return mine.Answer.Task.WaitAsync(ct);
            calling = true;
        }
        // Whoever comes first calls for all who come meanwhile.
        _ = CallAsync();
        return mine.Answer.Task.WaitAsync(ct);
    }

    private async Task CallAsync()
    {
        // What else is being asked now comes with it.
        await Task.Yield();
        while (true)
        {
            List<Call> calls;
            lock (gate)
            {
                if (waiting.Count == 0)
                {
                    calling = false;
                    return;
                }
                calls = waiting.Count <= most ? waiting : waiting[..most];
                waiting = waiting.Count <= most ? [] : waiting[most..];
            }
            try
            {
                var answers = await together(calls.ConvertAll(call => call.Asked));
                foreach (var (call, answer) in calls.Zip(answers)) call.Answer.SetResult(answer);
            }
            catch (Exception e)
            {
                foreach (var call in calls) call.Answer.TrySetException(e);
            }
        }
    }
}
