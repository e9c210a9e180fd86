namespace App.Exchange.Messages;

/// <summary>The states of messages. What may follow what stands in the schema (<c>messages_check_transition</c>).</summary>
internal static class MessageState
{
    /// <summary>To be sent, for the first time or again.</summary>
    public const string Pending = "pending";

    /// <summary>An attempt is under way.</summary>
    public const string Sending = "sending";

    /// <summary>The far side has taken it.</summary>
    public const string Delivered = "delivered";

    /// <summary>It was sent and no answer came, to a far side that cannot tell a repetition.</summary>
    public const string Uncertain = "uncertain";

    /// <summary>Given up.</summary>
    public const string Dead = "dead";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Pending, Sending, Delivered, Uncertain, Dead];
}
