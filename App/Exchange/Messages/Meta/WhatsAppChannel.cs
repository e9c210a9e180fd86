using System.Text.Json;
using App.Engines.Jobs;
using App.Exchange.Messages.Channels;
using App.Exchange.Messages.Delivering;
using App.Platform.Http;

namespace App.Exchange.Messages.Meta;

/// <summary>
/// WhatsApp's Cloud API. It cannot tell a repetition, so a message whose answer was lost is uncertain and is not sent
/// again; a status that comes by webhook settles it.
/// </summary>
internal sealed class WhatsAppChannel(MetaApi api, MetaOptions options) : IMessageChannel
{
    private const int PerSecond = 80;
    private static readonly TimeSpan PairPause = TimeSpan.FromSeconds(6);

    /// <inheritdoc/>
    public string Name => MessageChannel.WhatsApp;

    /// <inheritdoc/>
    public string? MissingVariables => options.MissingForWhatsApp;

    /// <inheritdoc/>
    public bool TellsRepetitions => false;

    /// <inheritdoc/>
    public RetrySchedule Schedule { get; } = RetrySchedule.OfSeconds(0, 5, 30, 300, 1800, 7200, 21_600);

    /// <inheritdoc/>
    public IReadOnlyList<JobLimit> LimitsOf(string to) =>
    [
        JobLimit.Starts($"whatsapp:{options.PhoneNumberId}", PerSecond, TimeSpan.FromSeconds(1)),
        JobLimit.Starts($"whatsapp:{options.PhoneNumberId}:{to.TrimStart('+')}", 1, PairPause),
    ];

    /// <inheritdoc/>
    public void Validate(string to, JsonElement body, List<FieldError> faults) => WhatsAppBody.Validate(to, body, faults);

    /// <inheritdoc/>
    public async Task<AttemptResult> SendAsync(TakenMessage message, CancellationToken ct)
    {
        // Begun, so ended: told to stop, nobody would know whether it was sent. The API's own time-out bounds it.
        var (answer, record) = await api.PostAsync($"{options.PhoneNumberId}/messages",
            WhatsAppBody.Request(message.Id, message.To, message.Body), CancellationToken.None);
        if (answer is null) return record;
        var parsed = MetaApi.Parse(answer);
        if (MetaApi.ErrorOf(parsed) is { } error) return Recorded(MetaErrors.ResultOf(error, answer), record);
        return answer.Status switch
        {
            >= 200 and <= 299 => Recorded(new(AttemptEnd.Delivered) { ProviderId = IdOf(parsed) }, record),
            // Not the API's own words: something between here and there has answered, and the API may have it.
            >= 500 =>
                record with
                {
                    End = AttemptEnd.Lost,
                    Error = $"It answered {answer.Status} without an error of its own: nobody knows whether it has the message."
                },
            _ => Recorded(new(AttemptEnd.Refused, $"It answered {answer.Status} without an error of its own."), record),
        };
    }

    private static AttemptResult Recorded(AttemptResult result, AttemptResult record) =>
        result with
        {
            Request = record.Request,
            Status = record.Status,
            ResponseHeaders = record.ResponseHeaders,
            ResponseBody = record.ResponseBody
        };

    private static string? IdOf(JsonElement? answer) =>
        answer is { } found && found.TryGetProperty("messages", out var messages) && messages.ValueKind == JsonValueKind.Array
            && messages.GetArrayLength() > 0
            && messages[0].ValueKind == JsonValueKind.Object && messages[0].TryGetProperty("id", out var id)
            && id.ValueKind == JsonValueKind.String && id.GetString() is { Length: > 0 and <= 256 } text ? text : null;
}
