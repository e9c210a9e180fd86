using System.Globalization;
using System.Text.Json;
using App.Platform.Http;
using App.Runs.Plans;

namespace App.Runs.Handlers;

/// <summary>
/// A step's input. Its readers note what does not fit as faults. While the plan is being checked, a text with references
/// is null and no fault: what it will be is not known.
/// </summary>
/// <param name="value">The JSON object.</param>
/// <param name="field">Where it stands in the plan.</param>
/// <param name="faults">Collects what is wrong.</param>
/// <param name="resolved">Whether references are resolved.</param>
internal sealed class StepInput(JsonElement value, string field, List<FieldError> faults, bool resolved)
{
    private readonly JsonFields fields = new(value, field, faults);

    /// <summary>A resolved input, to be executed.</summary>
    public static StepInput Resolved(JsonElement value) => new(value, "input", [], resolved: true);

    /// <summary>What is wrong so far.</summary>
    public IReadOnlyList<FieldError> Faults => faults;

    /// <summary>The whole of it.</summary>
    public JsonElement Value => value;

    /// <summary>Refuses fields of other names.</summary>
    public void Only(params ReadOnlySpan<string> names) => fields.Only(names);

    /// <summary>Whether a field is there, known or not.</summary>
    public bool Has(string name) => fields.Find(name) is not null;

    /// <summary>A field's value; null when it is not there, or not known yet.</summary>
    public JsonElement? Find(string name) => fields.Find(name) is { } found && IsKnown(found) ? found : null;

    /// <summary>A value that must be there.</summary>
    public JsonElement? Require(string name, string cure)
    {
        if (!Has(name)) fields.Fault(name, null, cure);
        return Find(name);
    }

    /// <summary>A text.</summary>
    public string? Text(string name, bool required = false) =>
        Has(name) && Find(name) is null ? null : fields.Text(name, required);

    /// <summary>A whole number within bounds; digits in a text are one too, as references put into texts are.</summary>
    public long? Integer(string name, long min, long max)
    {
        if (Find(name) is not { } found) return null;
        if (found.ValueKind == JsonValueKind.Number && found.TryGetInt64(out var number) && number >= min && number <= max) return number;
        if (found.ValueKind == JsonValueKind.String
            && long.TryParse(found.GetString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number) && number >= min
            && number <= max) return number;
        fields.Fault(name, JsonFields.Show(found), $"give a whole number from {min} to {max}");
        return null;
    }

    /// <summary>A number within bounds.</summary>
    public double? Number(string name, double min, double max)
    {
        if (Find(name) is not { } found) return null;
        if (found.ValueKind == JsonValueKind.Number && found.TryGetDouble(out var number) && number >= min && number <= max) return number;
        fields.Fault(name, JsonFields.Show(found), $"give a number from {min} to {max}");
        return null;
    }

    /// <summary>A time with its zone.</summary>
    public DateTimeOffset? Time(string name, bool required = false)
    {
        if (Text(name, required) is not { } text) return null;
        if (text.Contains('T')
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)) return time;
        fields.Fault(name, text, "give an RFC 3339 time such as 2026-01-01T00:00:00Z");
        return null;
    }

    /// <summary>Notes a fault of a field.</summary>
    public void Fault(string name, string? found, string cure) => fields.Fault(name, found, cure);

    /// <summary>Whether a value stands for itself: references in it are resolved, or there are none.</summary>
    public bool IsKnown(JsonElement found) => resolved || found.ValueKind != JsonValueKind.String || !Template.IsIn(found.GetString()!);
}
