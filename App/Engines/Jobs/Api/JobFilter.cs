using System.Security.Claims;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using App.Platform.Auth;
using App.Platform.Http;
using Npgsql;

namespace App.Engines.Jobs.Api;

/// <summary>Which jobs are meant: the parameters of a list, and the body of what is done to many. What is null does not matter.</summary>
/// <example>{"state":"dead","kind":"message.send","createdFrom":"2026-11-28T00:00:00Z"}</example>
internal sealed record JobFilter
{
    /// <summary>Of the table of jobs; those that succeeded lie in another.</summary>
    public static readonly string[] LiveStates = ["queued", "scheduled", "waiting", "running", "dead", "cancelled"];

    /// <summary>The state of jobs that succeeded.</summary>
    public const string Succeeded = "succeeded";

    private const int LongestText = 512;

    /// <summary>Every state.</summary>
    public static readonly IReadOnlyList<string> States = [.. LiveStates, Succeeded];

    /// <summary>Jobs in this state.</summary>
    [OneOf(typeof(JobFilter), nameof(States))]
    public string? State { get; init; }

    /// <summary>Name of a kind; with a star at its end, what names of kinds begin with.</summary>
    public string? Kind { get; init; }

    /// <summary>Name of a queue.</summary>
    public string? Queue { get; init; }

    /// <summary>Whose jobs. Only the operator may name another than their own; empty: the product's own.</summary>
    public string? Organization { get; init; }

    /// <summary>A unique key, an order key, or the key of a limit. Jobs that succeeded have none any more.</summary>
    public string? Key { get; init; }

    /// <summary>Occurs in an error of an attempt, whatever the case of its letters.</summary>
    public string? Error { get; init; }

    /// <summary>Occurs in the arguments or in an error, whatever the case of its letters.</summary>
    public string? Text { get; init; }

    /// <summary>One job.</summary>
    public long? Id { get; init; }

    /// <summary>Created at this time or later.</summary>
    public DateTimeOffset? CreatedFrom { get; init; }

    /// <summary>Created before this time.</summary>
    public DateTimeOffset? CreatedTo { get; init; }

    /// <summary>Ended at this time or later.</summary>
    public DateTimeOffset? FinishedFrom { get; init; }

    /// <summary>Ended before this time.</summary>
    public DateTimeOffset? FinishedTo { get; init; }

    /// <summary>Whether nothing is asked of the jobs.</summary>
    [JsonIgnore]
    public bool IsEmpty => this == new JobFilter();

    /// <summary>Reads the parameters of a list.</summary>
    public static JobFilter Read(HttpRequest request, List<FieldError> faults)
    {
        string? Word(string name) => request.Query[name] is [{ } value, ..] && (value.Length > 0 || name == "organization") ? value : null;
        long? id = null;
        if (Word("id") is { } text && !long.TryParse(text, out var number))
            faults.Add(new("id", Problems.Shorten(text), "give the number of a job"));
        else if (Word("id") is { } digits) id = long.Parse(digits);
        return new JobFilter
        {
            State = Word("state"),
            Kind = Word("kind"),
            Queue = Word("queue"),
            Organization = Word("organization"),
            Key = Word("key"),
            Error = Word("error"),
            Text = Word("text"),
            Id = id,
            CreatedFrom = Paging.Time(request, "createdFrom", faults),
            CreatedTo = Paging.Time(request, "createdTo", faults),
            FinishedFrom = Paging.Time(request, "finishedFrom", faults),
            FinishedTo = Paging.Time(request, "finishedTo", faults),
        };
    }

    /// <summary>Describes the parameters that <see cref="Read"/> reads.</summary>
    public static RouteHandlerBuilder DescribeParameters(RouteHandlerBuilder endpoint) => endpoint
        .QueryParameter("state", "Jobs in this state.", States)
        .QueryParameter("kind", "Name of a kind; with a star at its end, what names of kinds begin with.")
        .QueryParameter("queue", "Name of a queue.")
        .QueryParameter("organization", "Whose jobs. Only the operator may name another than their own; empty: the product's own.")
        .QueryParameter("key", "A unique key, an order key, or the key of a limit. Jobs that succeeded have none any more.")
        .QueryParameter("error", "Occurs in an error of an attempt, whatever the case of its letters.")
        .QueryParameter("text", "Occurs in the arguments or in an error, whatever the case of its letters.")
        .QueryParameter("id", "One job.", type: "integer")
        .TimeParameter("createdFrom", "Created at this time or later.").TimeParameter("createdTo", "Created before this time.")
        .TimeParameter("finishedFrom", "Ended at this time or later.").TimeParameter("finishedTo", "Ended before this time.");

    /// <summary>Adds what is wrong with it.</summary>
    public void Check(List<FieldError> faults)
    {
        if (State is not null && !States.Contains(State))
            faults.Add(new("state", Problems.Shorten(State), $"give one of {string.Join(", ", States)}"));
        foreach (var (name, value) in new[] { ("kind", Kind), ("queue", Queue), ("organization", Organization), ("key", Key),
            ("error", Error), ("text", Text) })
            if (value is not null && (value.Length > LongestText || value.Any(char.IsControl)))
                faults.Add(new(name, Problems.Shorten(value), $"give at most {LongestText} characters without control characters"));
    }

    /// <summary>The same for a caller: everybody but the operator sees the jobs of their own organization and no others.</summary>
    public JobFilter For(ClaimsPrincipal user) => user.IsOperator() ? this : this with { Organization = user.Organization() };

    /// <summary>Whether jobs that succeeded can be among them.</summary>
    [JsonIgnore]
    public bool MayHaveSucceeded => (State is null or Succeeded) && Key is null;

    /// <summary>Whether jobs that have not succeeded can be among them.</summary>
    [JsonIgnore]
    public bool MayBeLive => State != Succeeded;

    /// <summary>The conditions in SQL, each beginning with <c>and</c>; their parameters are added to the command.</summary>
    /// <param name="command">Gets the parameters.</param>
    /// <param name="live">Of the table of jobs, or of those that succeeded.</param>
    public string Where(NpgsqlCommand command, bool live)
    {
        var sql = new StringBuilder();
        void Add(string condition, object value)
        {
            command.Parameters.Add(new() { Value = value });
            sql.Append(" and ").Append(condition.Replace("?", $"${command.Parameters.Count}", StringComparison.Ordinal));
        }
        if (live && State is not null) Add("state = ?", State);
        // What has ended has an index of its own.
        if (live && State is "dead" or "cancelled") sql.Append(" and finished_at is not null");
        if (Kind is [.. var prefix, '*']) Add("kind like ?", Pattern(prefix) + "%");
        else if (Kind is not null) Add("kind = ?", Kind);
        if (Queue is not null) Add("queue = ?", Queue);
        if (Organization is not null) Add("organization = ?", Organization);
        if (Id is { } id) Add("id = ?", id);
        if (Key is not null) Add("(unique_key = ? or order_key = ? or limits @> jsonb_build_array(jsonb_build_object('key', ?)))", Key);
        if (Error is not null) Add(InErrors, $"%{Pattern(Error)}%");
        if (Text is not null)
        {
            // Arguments are kept as they were written: letters beyond ASCII may be escaped in them.
            var written = $"%{Pattern(JsonEncodedText.Encode(Text).ToString())}%";
            Add($"(args ilike ? or {InErrors} or {Written(command, written)})", $"%{Pattern(Text)}%");
        }
        if (CreatedFrom is { } createdFrom) Add("created_at >= ?", createdFrom.UtcDateTime);
        if (CreatedTo is { } createdTo) Add("created_at < ?", createdTo.UtcDateTime);
        if (FinishedFrom is { } finishedFrom) Add("finished_at >= ?", finishedFrom.UtcDateTime);
        if (FinishedTo is { } finishedTo) Add("finished_at < ?", finishedTo.UtcDateTime);
        return sql.ToString();
    }

    private const string InErrors = "exists (select from jsonb_array_elements(errors) e where e->>'error' ilike ?)";

    private static string Written(NpgsqlCommand command, string pattern)
    {
        command.Parameters.Add(new() { Value = pattern });
        return $"args ilike ${command.Parameters.Count}";
    }

    private static string Pattern(string text) => text.Replace("\\", "\\\\").Replace("%", "\\%").Replace("_", "\\_");
}
