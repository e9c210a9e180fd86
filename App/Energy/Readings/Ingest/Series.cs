using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace App.Energy.Readings.Ingest;

/// <summary>One meter of one building as requests name it, with its keys once the database has given them.</summary>
internal sealed class Series(string organization, string buildingId, string meter)
{
    /// <summary>The meter that measures the whole house.</summary>
    public const string Mains = "mains";

    /// <summary>The tenant.</summary>
    public string Organization { get; } = organization;

    /// <summary>The building's id.</summary>
    public string BuildingId { get; } = buildingId;

    /// <summary>The meter's name.</summary>
    public string Meter { get; } = meter;

    /// <summary>Whether it measures the whole house.</summary>
    public bool IsMains { get; } = meter == Mains;

    /// <summary>Key of the building; 0 while unknown.</summary>
    public int BuildingKey { get; set; }

    /// <summary>Key of the meter; 0 while unknown.</summary>
    public int MeterKey { get; set; }

    /// <summary>The building's shard.</summary>
    public short Shard { get; set; }

    /// <summary>Whether a negative reading has been seen.</summary>
    public bool NetNegative { get; set; }
}

/// <summary>
/// Series by organization and by the bytes in which requests name them, so that a known name costs no string.
/// Only series that the database knows are kept; beyond a bound all are let go and found again.
/// </summary>
internal sealed class SeriesNames
{
    private const int MostKept = 1_000_000;
    private readonly ConcurrentDictionary<string, Organization> organizations = new();

    /// <summary>The names of one tenant.</summary>
    public Organization Of(string organization) => organizations.GetOrAdd(organization, static _ => new Organization());

    /// <summary>Names of one tenant: building and meter, with a line feed between.</summary>
    internal sealed class Organization
    {
        private readonly ConcurrentDictionary<string, Series> known = new(AsciiComparer.Instance);

        /// <summary>Finds a series by its packed name.</summary>
        public bool TryFind(ReadOnlySpan<byte> name, [NotNullWhen(true)] out Series? series) =>
            known.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name, out series);

        /// <summary>Keeps a series that the database has given keys.</summary>
        public Series Keep(Series series)
        {
            if (known.Count >= MostKept) known.Clear();
            return known.GetOrAdd($"{series.BuildingId}\n{series.Meter}", series);
        }
    }
}

/// <summary>Compares ASCII strings with each other and with bytes.</summary>
internal sealed class AsciiComparer : IEqualityComparer<string>, IAlternateEqualityComparer<ReadOnlySpan<byte>, string>
{
    /// <summary>The one instance.</summary>
    public static readonly AsciiComparer Instance = new();

    /// <inheritdoc/>
    public bool Equals(string? x, string? y) => string.Equals(x, y, StringComparison.Ordinal);

    /// <inheritdoc/>
    public bool Equals(ReadOnlySpan<byte> alternate, string other) => Ascii.Equals(alternate, other);

    /// <inheritdoc/>
    public string Create(ReadOnlySpan<byte> alternate) => Encoding.ASCII.GetString(alternate);

    /// <inheritdoc/>
    public int GetHashCode(string obj)
    {
        Span<byte> bytes = stackalloc byte[obj.Length];
        Encoding.ASCII.GetBytes(obj, bytes);
        return GetHashCode(bytes);
    }

    /// <inheritdoc/>
    public int GetHashCode(ReadOnlySpan<byte> alternate)
    {
        // Seeded anew in each process, so that nobody can choose names that collide.
        var hash = default(HashCode);
        hash.AddBytes(alternate);
        return hash.ToHashCode();
    }
}
