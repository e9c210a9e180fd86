using System.ComponentModel.DataAnnotations;

namespace App.Energy.Readings.Ingest;

/// <summary>What <c>POST /ingest/readings</c> takes; <see cref="JsonReadings"/> reads it without making this.</summary>
/// <param name="Readings">One or more; all are stored, or none.</param>
/// <example>{"readings":[{"buildingId":"h1","meter":"mains","ts":"2026-11-29T08:00:00Z","watts":123.4}]}</example>
internal sealed record IngestRequest(IReadOnlyList<IngestReading> Readings);

/// <summary>A measured value.</summary>
/// <param name="BuildingId">The building, which appears with its first reading: 1 to 128 of <c>A-Za-z0-9._:-</c>.</param>
/// <param name="Ts">When it was measured: RFC 3339; Unix milliseconds as a number are taken as well.</param>
/// <param name="Watts">Power; negative: fed into the grid.</param>
/// <param name="Meter">The meter.</param>
internal sealed record IngestReading(string BuildingId, [DataType(DataType.DateTime)] string Ts, double Watts, string Meter = "mains");

/// <summary>The answer to readings.</summary>
/// <param name="Accepted">Items of the request.</param>
/// <param name="Stored">Those that were new, or whose watts have changed.</param>
/// <example>{"accepted":2,"stored":2}</example>
internal sealed record IngestAnswer(int Accepted, int Stored);
