using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using App.Platform.Http;

namespace App.Exchange.Messages.Api;

/// <summary>What <c>POST /api/messages</c> takes; <see cref="MessageRequest"/> reads it.</summary>
/// <param name="Channel">The way out.</param>
/// <param name="To">A URL, a number in international form, an address of email, or the catalog's id.</param>
/// <param name="Body">What is sent; the channel says what it must hold.</param>
/// <param name="OrderKey">Webhooks to one URL with the same key go out one at a time, in the order in which they were added;
/// others side by side.</param>
/// <example>{"channel":"whatsapp","to":"+4915112345678","body":{"type":"text","text":{"body":"The kettle is on."}}}</example>
internal sealed record NewMessageRequest(
    [OneOf(typeof(MessageChannel), nameof(MessageChannel.All))] string Channel, string To, JsonElement Body,
    string? OrderKey = null);

/// <summary>Which messages are sent again; <see cref="MessageFilter"/> reads it.</summary>
/// <param name="Status">Messages in this status.</param>
/// <param name="Channel">Only of this channel.</param>
/// <param name="To">Only to there.</param>
/// <param name="Since">Only those taken then or later.</param>
/// <param name="Error">Occurs in the error, whatever the case of its letters, or is its number.</param>
/// <example>{"status":"dead","channel":"webhook","since":"2026-11-28T00:00:00Z"}</example>
internal sealed record RedriveRequest(
    [OneOf(
        MessageState.Dead,
        MessageState.Uncertain)] string Status, [OneOf(typeof(MessageChannel), nameof(MessageChannel.All))] string? Channel = null,
    string? To = null, [DataType(DataType.DateTime)] string? Since = null, string? Error = null);
