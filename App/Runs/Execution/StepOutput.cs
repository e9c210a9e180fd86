using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using App.Runs.Plans;

namespace App.Runs.Execution;

/// <summary>What a handler answered, as it is stored.</summary>
internal static class StepOutput
{
    private static readonly JsonSerializerOptions Writing =
        new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The JSON of an output, or what is wrong with it.</summary>
    public static (string? Json, string? Fault) Of(object output)
    {
        var json = output is JsonElement element ? element.GetRawText() : JsonSerializer.Serialize(output, Writing);
        if (Encoding.UTF8.GetByteCount(json) is var bytes && bytes > PlanLimits.OutputBytes)
            return (null,
                $"It succeeded, but its output takes {bytes:N0} bytes, and at most {PlanLimits.OutputBytes:N0} are kept: ask for less.");
        try
        {
            JsonElement.Parse(json, new JsonDocumentOptions { MaxDepth = PlanLimits.OutputDepth });
            return (json, null);
        }
        catch (JsonException)
        {
            return (null, $"It succeeded, but its output is nested deeper than {PlanLimits.OutputDepth} levels: ask for less.");
        }
    }
}
