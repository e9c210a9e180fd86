using System.Collections.Concurrent;
using System.Diagnostics;

namespace App.Tests.Fixtures;

/// <summary>One trace, and all that is recorded in it in this process. Nothing is recorded of the tests beside it.</summary>
internal sealed class TestTrace : IDisposable
{
    private readonly ActivityTraceId id = ActivityTraceId.CreateRandom();
    private readonly ActivitySpanId root = ActivitySpanId.CreateRandom();
    private readonly ConcurrentQueue<Activity> ended = [];
    private readonly ActivityListener listener;

    public TestTrace()
    {
        listener = new()
        {
            ShouldListenTo = _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
                options.Parent.TraceId == id ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None,
            ActivityStopped = activity =>
            {
                if (activity.TraceId == id) ended.Enqueue(activity);
            },
        };
        ActivitySource.AddActivityListener(listener);
    }

    /// <summary>What a caller sends who has begun it.</summary>
    public string Traceparent => $"00-{id}-{root}-01";

    /// <summary>Its id.</summary>
    public string Id => id.ToString();

    /// <summary>An activity in it, begun by the test.</summary>
    public Activity Begin() => new Activity("test").SetParentId(id, root, ActivityTraceFlags.Recorded).Start();

    /// <summary>What has ended so far.</summary>
    public IReadOnlyList<Activity> Ended => [.. ended];

    /// <summary>
    /// Waits for an activity, and answers it with what it lies in, from the outside inwards, up to what the caller began.
    /// </summary>
    public async Task<IReadOnlyList<Activity>> PathAsync(string what, Func<Activity, bool> wanted)
    {
        List<Activity>? path = null;
        await Poll.UntilAsync($"{what} is traced",
            () => Task.FromResult((path = Ended.Where(wanted).Select(PathOf).FirstOrDefault(found => found is not null)) is not null),
            whatElse: () =>
                string.Join("; ", Ended.Select(one => $"{one.Source.Name}/{one.DisplayName} {one.SpanId} in {one.ParentSpanId}")));
        return path!;
    }

    public void Dispose() => listener.Dispose();

    private List<Activity>? PathOf(Activity activity)
    {
        var path = new List<Activity> { activity };
        while (path[0].ParentSpanId != root)
        {
            if (Ended.FirstOrDefault(one => one.SpanId == path[0].ParentSpanId) is not { } parent) return null;
            path.Insert(0, parent);
        }
        return path;
    }
}
