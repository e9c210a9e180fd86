using App.Platform.Configuration;

namespace App.Runs.Handlers.Llm;

/// <summary>A provider of language models that the operator has set up.</summary>
/// <param name="Key">Its API key.</param>
/// <param name="BaseUrl">Ends with a slash.</param>
/// <param name="Model">Used where a step names none.</param>
internal sealed record LlmProvider(string Key, Uri BaseUrl, string Model);

/// <summary>Which language models there are, and how much an organization may use of them.</summary>
internal sealed record LlmOptions
{
    /// <summary>Anything that speaks OpenAI's chat completions; null: no key is set.</summary>
    public required LlmProvider? OpenAi { get; init; }

    /// <summary>Anthropic's messages; null: no key is set.</summary>
    public required LlmProvider? Anthropic { get; init; }

    /// <summary>Tokens of a month (UTC) and organization; null: as many as it likes.</summary>
    public required long? MonthlyTokenBudget { get; init; }

    /// <summary>Reads the variables of language models.</summary>
    public static LlmOptions Read(Variables variables) => new()
    {
        OpenAi = Provider(variables, "OPENAI", "https://api.openai.com/v1", "gpt-4o-mini"),
        Anthropic = Provider(variables, "ANTHROPIC", "https://api.anthropic.com", "claude-haiku-4-5"),
        MonthlyTokenBudget = variables.Integer("LLM_MONTHLY_TOKEN_BUDGET", 0, 0, int.MaxValue) is > 0 and var budget ? budget : null,
    };

    private static LlmProvider? Provider(Variables variables, string name, string baseUrl, string model)
    {
        var (key, url, chosen) = (variables.Text($"{name}_API_KEY"), variables.Url($"{name}_BASE_URL", baseUrl),
            variables.Text($"{name}_MODEL", model));
        return key is null ? null : new LlmProvider(key, new Uri(url.ToString().TrimEnd('/') + "/"), chosen);
    }
}
