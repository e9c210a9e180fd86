namespace App.Exchange.Messages.Delivering;

/// <summary>A message as it is read for an attempt, with what is known of the endpoint that it goes to.</summary>
internal sealed record TakenMessage
{
    /// <summary>Identity, the same on every attempt: it lets the far side know a repetition.</summary>
    public required Guid Id { get; init; }

    /// <summary>The tenant.</summary>
    public required string Organization { get; init; }

    /// <summary>Its way out.</summary>
    public required string Channel { get; init; }

    /// <summary>Where it goes.</summary>
    public required string To { get; init; }

    /// <summary>JSON, as it came.</summary>
    public required byte[] Body { get; init; }

    /// <summary>Its state, now that it is taken.</summary>
    public required string State { get; init; }

    /// <summary>Attempts so far, and those of them before it was last redriven.</summary>
    public required (int All, int Spent) Attempts { get; init; }

    /// <summary>How long it has been there.</summary>
    public required TimeSpan Age { get; init; }

    /// <summary>How long ago it was last sent.</summary>
    public TimeSpan? Quiet { get; init; }

    /// <summary>What the endpoint's webhooks are signed with; null: it is not registered.</summary>
    public string? Secret { get; init; }

    /// <summary>What they are signed with as well, while the secret changes over.</summary>
    public string? PreviousSecret { get; init; }

    /// <summary>Whether the far side wants to know, in <c>traceparent</c>, which trace it belongs to.</summary>
    public bool TellsTrace { get; init; }

    /// <summary>Why the endpoint takes nothing more; null: it does.</summary>
    public string? ClosedReason { get; init; }

    /// <summary>For how long nothing is sent to the endpoint, or through the channel; null: it may be tried.</summary>
    public TimeSpan? Wait { get; init; }
}
