using System.Diagnostics;

namespace App.Platform.Observability;

/// <summary>
/// How a trace goes on in work that is done later: what is stored carries the W3C <c>traceparent</c> of the activity that
/// stored it, and whoever does the work begins its own activity with that as the parent. Where nobody traces, nothing is carried.
/// </summary>
internal static class TraceContext
{
    /// <summary>Of the activity under way, if it is recorded.</summary>
    public static string? Current => Activity.Current is { Recorded: true, IdFormat: ActivityIdFormat.W3C } activity ? activity.Id : null;

    /// <summary>
    /// Begins an activity that was caused elsewhere. Of many causes the first is the parent, so that its trace goes on in
    /// one piece; the others are linked.
    /// </summary>
    /// <param name="source">Of the slice.</param>
    /// <param name="name">What is done.</param>
    /// <param name="causes">Carried contexts; those that are null or unreadable are left out.</param>
    /// <param name="kind">What it is to the outside.</param>
    /// <returns>Null: nobody traces it.</returns>
    public static Activity? Begin(ActivitySource source, string name, IEnumerable<string?> causes,
        ActivityKind kind = ActivityKind.Consumer)
    {
        if (!source.HasListeners()) return null;
        var contexts = new List<ActivityContext>();
        foreach (var cause in causes.Distinct(StringComparer.Ordinal))
            if (ActivityContext.TryParse(cause, null, isRemote: true, out var context)) contexts.Add(context);
        return source.StartActivity(name, kind, contexts.FirstOrDefault(),
            links: contexts.Skip(1).Select(context => new ActivityLink(context)));
    }
}
