using System.Globalization;
using System.Text.Json;
using App.Platform.Http;

namespace App.Exchange.Messages.Api;

/// <summary>Which messages are meant: the parameters of the list, and the body of a redrive. What is null does not matter.</summary>
/// <param name="Status">A word of <see cref="MessageState"/>.</param>
/// <param name="Channel">A word of <see cref="MessageChannel"/>.</param>
/// <param name="To">Exactly so.</param>
/// <param name="Since">Taken then or later.</param>
/// <param name="Error">Occurs in the error, whatever the case of its letters, or is its number.</param>
internal sealed record MessageFilter(string? Status, string? Channel, string? To, DateTimeOffset? Since, string? Error)
{
    private const int LongestText = 2048;

    /// <summary>Reads the parameters of the list.</summary>
    public static MessageFilter Read(HttpRequest request, List<FieldError> faults)
    {
        string? Text(string name) => request.Query[name].ToString() is { Length: > 0 } text ? text : null;
        var filter = new MessageFilter(Text("status"), Text("channel"), Text("to"), Paging.Time(request, "since", faults), Text("error"));
        filter.Check(faults, MessageState.All);
        return filter;
    }

    /// <summary>Reads the body of a redrive.</summary>
    public static MessageFilter Read(JsonElement body, List<FieldError> faults)
    {
        var fields = new JsonFields(body, "", faults);
        fields.Only("status", "channel", "to", "since", "error");
        DateTimeOffset? since = null;
        if (fields.Text("since", required: false) is { } text)
        {
            if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)) since = time;
            else fields.Fault("since", text, "give an RFC 3339 time such as 2026-01-01T00:00:00Z");
        }
        var filter = new MessageFilter(fields.Text("status", required: true), fields.Text("channel", required: false),
            fields.Text("to", required: false), since, fields.Text("error", required: false));
        filter.Check(faults, [MessageState.Dead, MessageState.Uncertain]);
        return filter;
    }

    /// <summary>The number that the error is, if it is one.</summary>
    public int? ErrorCode => int.TryParse(Error, NumberStyles.None, CultureInfo.InvariantCulture, out var code) ? code : null;

    private void Check(List<FieldError> faults, IReadOnlyList<string> states)
    {
        if (Status is not null && !states.Contains(Status))
            faults.Add(new FieldError("status", Problems.Shorten(Status), $"use one of {string.Join(", ", states)}"));
        if (Channel is not null && !MessageChannel.All.Contains(Channel))
            faults.Add(new FieldError("channel", Problems.Shorten(Channel), $"use one of {string.Join(", ", MessageChannel.All)}"));
        foreach (var (name, text) in new[] { ("to", To), ("error", Error) })
            if (text is not null && (text.Length is 0 or > LongestText || text.Contains('\0')))
                faults.Add(new FieldError(name, Problems.Shorten(text), $"give 1 to {LongestText:N0} characters"));
    }
}
