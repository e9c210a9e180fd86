using App.Exchange.Messages.Channels;
using App.Exchange.Messages.Delivering;

namespace App.Exchange.Messages.Meta;

/// <summary>What Meta's error codes mean for a message: <c>error.code</c> tells them apart, the status of HTTP does not.</summary>
internal static class MetaErrors
{
    private static readonly TimeSpan OnePairSlot = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan Throughput = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan BadCredentials = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan BadReputation = TimeSpan.FromHours(1);

    /// <summary>What becomes of an attempt that was answered with an error.</summary>
    public static AttemptResult ResultOf(MetaError error, HttpAnswer answer)
    {
        var text = $"Error {error.Code}: {error.Message}";
        var result = error.Code switch
        {
            // The token has expired or is wrong, or may not do this: nothing will go out until the operator acts.
            0 or 190 or 3 or 10 or (>= 200 and <= 299) =>
                new AttemptResult(AttemptEnd.Failed,
                    $"{text} The credentials are refused: "
                    + $"set WHATSAPP_ACCESS_TOKEN anew. Tried again every {BadCredentials.TotalMinutes:0} minutes.")
                { Pause = BadCredentials },
            // The number has sent what was reported as spam, or the account is restricted.
            131048 or 131031 or 368 =>
                new(AttemptEnd.Failed,
                    $"{text} The number is silent for {BadReputation.TotalMinutes:0} minutes.")
                { Pause = BadReputation },
            130429 or 80007 or 80009 or 80014 or 613 or 4 => new(AttemptEnd.Failed, text) { RetryAfter = answer.RetryAfter ?? Throughput },
            131056 => new(AttemptEnd.Failed, text) { RetryAfter = answer.RetryAfter ?? OnePairSlot },
            131047 => new(AttemptEnd.Refused, $"{text} More than 24 hours have passed since they last wrote: send a template."),
            131026 => new(AttemptEnd.Refused, $"{text} It cannot be delivered to this number."),
            1 or 2 or 131000 or 131016 or 131057 or 133004 => new(AttemptEnd.Failed, text),
            _ => new(answer.Status is 429 or >= 500 ? AttemptEnd.Failed : AttemptEnd.Refused, text),
        };
        return result with { ErrorCode = error.Code };
    }
}
