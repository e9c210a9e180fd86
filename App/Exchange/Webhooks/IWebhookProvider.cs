using System.Text.Json;
using App.Platform.Database;

namespace App.Exchange.Webhooks;

/// <summary>
/// One who sends us events. A provider is one class in one file under <c>Providers/</c>, registered in the module; it is
/// called at <c>/webhooks/{name}</c>. It says what is genuine, what is the same, and what an event does; storing,
/// answering, trying again and showing are done for it.
/// </summary>
internal interface IWebhookProvider
{
    /// <summary>In the address, and with each event. Never changes.</summary>
    string Name { get; }

    /// <summary>The variable that holds its secret.</summary>
    string SecretVariable { get; }

    /// <summary>Whether that is set.</summary>
    bool IsOn { get; }

    /// <summary>The header that it signs in; kept with the event.</summary>
    string SignatureHeader { get; }

    /// <summary>Whether a request was signed with the secret.</summary>
    bool IsGenuine(string signature, ReadOnlySpan<byte> body);

    /// <summary>What an event is called, and what makes it the same when it is sent again.</summary>
    EventLabel LabelOf(JsonElement payload);

    /// <summary>
    /// Does what an event means, in the transaction that is open on the context: its effects, its end and the end of its
    /// job are one commit. Events come repeated, replayed and out of order.
    /// </summary>
    /// <returns>What it came to, in words.</returns>
    /// <exception cref="UnusableEventException">It will never mean anything.</exception>
    Task<string> ApplyAsync(JsonElement payload, AppDbContext db, CancellationToken ct);

    /// <summary>Answers a GET, by which some providers ask whether an address is ours; null: this one does not.</summary>
    IResult? Challenge(HttpRequest request) => null;
}

/// <summary>What an event is called, and by what it is known again.</summary>
/// <param name="Type">Such as <c>charge.success</c>.</param>
/// <param name="Key">The same for the same event; null: its bytes make it the same.</param>
internal readonly record struct EventLabel(string Type, string? Key);

/// <summary>An event is genuine and well-formed, and yet cannot be used; trying again changes nothing.</summary>
internal sealed class UnusableEventException(string message) : Exception(message);
