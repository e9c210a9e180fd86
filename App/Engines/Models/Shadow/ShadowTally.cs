namespace App.Engines.Models.Shadow;

/// <summary>What comparing has come to since it was last written down.</summary>
internal sealed class ShadowTally
{
    /// <summary>Rows that both versions answered.</summary>
    public int Compared { get; private set; }

    /// <summary>Of these, on which they say the same.</summary>
    public int Agreed { get; private set; }

    /// <summary>Rows on which the candidate failed.</summary>
    public int Failed { get; private set; }

    /// <summary>Time that the candidate took.</summary>
    public double CandidateSeconds { get; private set; }

    /// <summary>Time that the active version took.</summary>
    public double ActiveSeconds { get; private set; }

    /// <summary>The candidate's last failure, or null.</summary>
    public string? Fault { get; private set; }

    /// <summary>How often each pair of different words was said.</summary>
    public Dictionary<(string Active, string Candidate), int> Disagreements { get; } = [];

    /// <summary>Whether there is anything to write down.</summary>
    public bool IsEmpty => Compared + Failed == 0;

    /// <summary>Counts a row that both answered.</summary>
    public void Add(string active, string candidate, TimeSpan activeTook, TimeSpan candidateTook)
    {
        Compared++;
        ActiveSeconds += activeTook.TotalSeconds;
        CandidateSeconds += candidateTook.TotalSeconds;
        if (active == candidate) Agreed++;
        else Disagreements[(active, candidate)] = Disagreements.GetValueOrDefault((active, candidate)) + 1;
    }

    /// <summary>Counts a row on which the candidate failed.</summary>
    public void AddFailure(string fault)
    {
        Failed++;
        Fault = fault;
    }
}
