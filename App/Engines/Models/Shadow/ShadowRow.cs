using App.Platform.Http;

namespace App.Engines.Models.Shadow;

/// <summary>A candidate beside an active version, from start to end, and how far they agree.</summary>
/// <param name="Id">Identity.</param>
/// <param name="Name">Name of the model.</param>
/// <param name="CandidateId">Identity of the candidate.</param>
/// <param name="ActiveId">Identity of the version that it is held against.</param>
/// <param name="Candidate">Its version.</param>
/// <param name="Active">The other's version.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="EndedAt">When it was stopped, or another version activated; null while it runs.</param>
/// <param name="Compared">Rows that both answered.</param>
/// <param name="Agreed">Of these, on which they say the same.</param>
/// <param name="Failed">Rows on which the candidate failed.</param>
/// <param name="CandidateSeconds">Time that the candidate took for them.</param>
/// <param name="ActiveSeconds">Time that the active version took.</param>
/// <param name="ComparedAt">When they were last compared.</param>
/// <param name="Fault">The candidate's last failure, or why it could not be loaded.</param>
internal sealed record ShadowRow(
    int Id, string Name, int CandidateId, int ActiveId, int Candidate, int Active, DateTimeOffset StartedAt, DateTimeOffset? EndedAt,
    long Compared, long Agreed, long Failed, double CandidateSeconds, double ActiveSeconds, DateTimeOffset? ComparedAt, string? Fault);

/// <summary>How often the versions said two different things.</summary>
/// <param name="Active">What the active version said.</param>
/// <param name="Candidate">What the candidate said.</param>
/// <param name="Count">How often.</param>
internal sealed record ShadowDisagreement(string Active, string Candidate, long Count);

/// <summary>A shadow as the API shows it.</summary>
/// <param name="Candidate"><c>name@version</c>.</param>
/// <param name="Active"><c>name@version</c>.</param>
/// <param name="State">running or ended.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="EndedAt">When it ended.</param>
/// <param name="Compared">Rows of live input that both answered; a sample.</param>
/// <param name="Agreement">Share of these on which they say the same; null before the first.</param>
/// <param name="Failed">Rows on which the candidate failed.</param>
/// <param name="Fault">Its last failure.</param>
/// <param name="CandidateMicroseconds">What a row costs the candidate, on average.</param>
/// <param name="ActiveMicroseconds">What it costs the active version.</param>
/// <param name="ComparedAt">When they were last compared.</param>
/// <param name="Disagreements">The commonest, at most ten.</param>
internal sealed record ShadowAnswer(
    string Candidate, string Active, [OneOf("running", "ended")] string State, DateTimeOffset StartedAt, DateTimeOffset? EndedAt,
    long Compared, double? Agreement, long Failed,
    string? Fault, double? CandidateMicroseconds, double? ActiveMicroseconds, DateTimeOffset? ComparedAt,
    IReadOnlyList<ShadowDisagreement> Disagreements)
{
    /// <summary>The answer for a row.</summary>
    public static ShadowAnswer Of(ShadowRow row, IReadOnlyList<ShadowDisagreement> disagreements) => new(
        $"{row.Name}@{row.Candidate}", $"{row.Name}@{row.Active}", row.EndedAt is null ? "running" : "ended", row.StartedAt, row.EndedAt,
        row.Compared, row.Compared == 0 ? null : (double)row.Agreed / row.Compared, row.Failed, row.Fault,
        Microseconds(row.CandidateSeconds, row.Compared), Microseconds(row.ActiveSeconds, row.Compared), row.ComparedAt, disagreements);

    private static double? Microseconds(double seconds, long rows) => rows == 0 ? null : Math.Round(seconds / rows * 1e6, 1);
}
