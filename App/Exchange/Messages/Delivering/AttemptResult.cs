namespace App.Exchange.Messages.Delivering;

/// <summary>How an attempt ended.</summary>
internal enum AttemptEnd
{
    /// <summary>The far side has it.</summary>
    Delivered,

    /// <summary>The far side has not taken it; later it may.</summary>
    Failed,

    /// <summary>It was sent, and no answer came: the far side may have it.</summary>
    Lost,

    /// <summary>It will never be taken.</summary>
    Refused,
}

/// <summary>An attempt, for the record and for what follows from it.</summary>
/// <param name="End">How it ended.</param>
/// <param name="Error">Why it was not delivered.</param>
internal sealed record AttemptResult(AttemptEnd End, string? Error = null)
{
    /// <summary>The far side's number of the error.</summary>
    public int? ErrorCode { get; init; }

    /// <summary>How the far side calls the message.</summary>
    public string? ProviderId { get; init; }

    /// <summary>The pause that it asks for before the next attempt.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>For how long the whole channel is to be silent, where the error is not this message's alone.</summary>
    public TimeSpan? Pause { get; init; }

    /// <summary>What was sent, as JSON, without its body and without credentials.</summary>
    public string? Request { get; init; }

    /// <summary>The status of HTTP, or the reply code of SMTP.</summary>
    public int? Status { get; init; }

    /// <summary>JSON.</summary>
    public string? ResponseHeaders { get; init; }

    /// <summary>As much of it as is kept.</summary>
    public string? ResponseBody { get; init; }

    /// <summary>When it began.</summary>
    public DateTimeOffset StartedAt { get; init; }

    /// <summary>From its beginning to its end.</summary>
    public TimeSpan Latency { get; init; }
}
