using System.Text.Json;
using App.Runs.Plans;
using Npgsql;

namespace App.Runs.Execution;

/// <summary>What the references of a step's input stand for.</summary>
internal static class StepValues
{
    private static readonly JsonDocumentOptions Reading = new() { MaxDepth = PlanLimits.OutputDepth };

    /// <summary>The input with its references resolved. Steps that it refers to have ended, so no lock is needed.</summary>
    /// <exception cref="MissingValueException">A reference leads nowhere.</exception>
    public static async Task<JsonElement> ResolveAsync(NpgsqlDataSource source, BegunStep step, CancellationToken ct)
    {
        var names = Template.TextsOf(step.Input, "input")
            .SelectMany(found => Template.Parse(found.Text, out _).Parts)
            .Select(part => part.Reference?.Step).OfType<string>().Distinct().ToArray();
        var values = new Dictionary<(string? Step, string Property), JsonElement>
        {
            [(null, "id")] = JsonSerializer.SerializeToElement(step.Run.Id.ToString()),
            [(null, "goal")] = JsonSerializer.SerializeToElement(step.Run.Goal),
        };
        if (names.Length > 0)
        {
            await using var command =
                source.CreateCommand("select name, status, error, output::text from run_steps where run_id = $1 and name = any($2)");
            command.Parameters.Add(new() { Value = step.Run.Id });
            command.Parameters.Add(new() { Value = names });
            await using var reader = await command.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct))
            {
                var name = reader.GetString(0);
                values[(name, "status")] = JsonSerializer.SerializeToElement(reader.GetString(1));
                if (!reader.IsDBNull(2)) values[(name, "error")] = JsonSerializer.SerializeToElement(reader.GetString(2));
                if (!reader.IsDBNull(3)) values[(name, "output")] = JsonElement.Parse(reader.GetString(3), Reading);
            }
        }
        return ResolvedInput.Of(step.Input,
            reference => values.TryGetValue((reference.Step, reference.Property), out var value) ? value : null);
    }
}
