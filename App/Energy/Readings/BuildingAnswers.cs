using System.ComponentModel.DataAnnotations;

namespace App.Energy.Readings;

/// <summary>A page of buildings.</summary>
/// <param name="Buildings">In the order of their ids.</param>
/// <param name="Next">Cursor of the next page; null at the end.</param>
internal sealed record BuildingPage(IReadOnlyList<BuildingAnswer> Buildings, string? Next);

/// <summary>A building that readings have come from.</summary>
/// <param name="BuildingId">Its id.</param>
/// <param name="CreatedAt">When its first reading arrived.</param>
/// <param name="LastReadingAt">Time of its newest reading.</param>
/// <param name="NetNegative">Whether a meter has measured power fed into the grid.</param>
/// <param name="Meters">Its meters, by name.</param>
/// <example>
/// {"buildingId":"h1","createdAt":"2026-11-21T00:00:03+00:00","lastReadingAt":"2026-11-29T08:00:00+00:00","netNegative":false,
/// "meters":[{"meter":"mains","netNegative":false,"lastReadingAt":"2026-11-29T08:00:00+00:00"}]}
/// </example>
internal sealed record BuildingAnswer(
    string BuildingId, DateTimeOffset CreatedAt, DateTimeOffset? LastReadingAt, bool NetNegative, IReadOnlyList<MeterAnswer> Meters);

/// <summary>A meter of a building.</summary>
/// <param name="Meter">Its name; <c>mains</c> measures the whole house.</param>
/// <param name="NetNegative">Whether it has measured power fed into the grid.</param>
/// <param name="LastReadingAt">Time of its newest reading.</param>
internal sealed record MeterAnswer(string Meter, bool NetNegative, DateTimeOffset? LastReadingAt);

/// <summary>A page of readings.</summary>
/// <param name="BuildingId">The building.</param>
/// <param name="Readings">By meter and time.</param>
/// <param name="Next">Cursor of the next page; null at the end.</param>
internal sealed record ReadingPage(string BuildingId, IReadOnlyList<ReadingAnswer> Readings, string? Next);

/// <summary>A measured value, or with <c>step</c> the mean of some.</summary>
/// <param name="Meter">The meter.</param>
/// <param name="Ts">When it was measured.</param>
/// <param name="Watts">Power.</param>
/// <param name="NetNegative">Whether it was fed into the grid.</param>
/// <example>{"meter":"mains","ts":"2026-11-29T08:00:00Z","watts":123.4,"netNegative":false}</example>
internal sealed record ReadingAnswer(string Meter, [DataType(DataType.DateTime)] string Ts, double Watts, bool NetNegative);
