using System.Text;
using System.Text.Json;
using App.Platform.Http;

namespace App.Runs.Handlers.Llm;

/// <summary>
/// <c>llm.complete</c>: asks a language model. Rate limits and overload (429, 529) are tried again after the pause that the
/// provider names; a spent budget, the provider's or the organization's own, fails the step at once.
/// </summary>
internal sealed class LlmCompleteStep(LlmOptions options, LlmMeter meter, TimeProvider time) : IStepHandler, IDisposable
{
    private const int MostBytes = 1 << 20;
    private const int DefaultMaxTokens = 1024;
    private const int MostTokens = 200_000;

    // The operator's own URLs are trusted; redirects are not, for the key would go with them.
    private readonly HttpClient http =
        new(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(2)
        })
        { Timeout = Timeout.InfiniteTimeSpan };

    /// <inheritdoc/>
    public string Name => "llm.complete";

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    /// <inheritdoc/>
    public void Validate(StepInput input)
    {
        input.Only("provider", "model", "system", "prompt", "messages", "maxTokens", "temperature");
        var kind = input.Text("provider");
        if (kind is not (null or LlmWire.OpenAi or LlmWire.Anthropic))
            input.Fault("provider", kind, $"use {LlmWire.OpenAi} or {LlmWire.Anthropic}");
        else if (Choose(kind) is null)
            input.Fault("provider", kind,
                $"let the operator set {(kind is null ? "OPENAI_API_KEY or ANTHROPIC_API_KEY" : kind.ToUpperInvariant() + "_API_KEY")}: "
                + "there is no language model without it");
        input.Text("model");
        input.Text("system");
        input.Text("prompt");
        input.Integer("maxTokens", 1, MostTokens);
        input.Number("temperature", 0, 2);
        if (input.Has("prompt") == input.Has("messages"))
            input.Fault("prompt", null, "give either prompt, a text, or messages, a list of {\"role\",\"content\"}");
        if (input.Find("messages") is { } messages) MessagesOf(messages, input);
    }

    /// <inheritdoc/>
    public async Task<StepOutcome> ExecuteAsync(StepContext step, CancellationToken ct)
    {
        var (kind, provider) = Choose(step.Input.Text("provider"))!.Value;
        if (options.MonthlyTokenBudget is { } budget && await meter.UsedAsync(step.Organization, ct) is var used && used >= budget)
            return StepOutcome.Fail(
                $"The token budget of organization '{step.Organization}' is spent: {used:N0} of {budget:N0} tokens this month "
                + "(LLM_MONTHLY_TOKEN_BUDGET).");

        var prompt = PromptOf(step.Input, provider);
        using var request = LlmWire.Request(kind, provider, prompt);
        request.Headers.TryAddWithoutValidation("Idempotency-Key", step.IdempotencyKey);
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
            var body = await BoundedBody.ReadAsync(response.Content, MostBytes, ct);
            if (!response.IsSuccessStatusCode) return Refusal(kind, provider, response, body ?? []);
            if (body is null || LlmWire.Answer(kind, prompt, body) is not { } answer)
                return StepOutcome.Fail($"The answer of {kind} is not understood, or larger than {MostBytes:N0} bytes.");
            await meter.CountAsync(step.Organization, kind, answer, CancellationToken.None);
            return StepOutcome.Succeed(new
            {
                text = answer.Text,
                provider = kind,
                model = answer.Model,
                stopReason = answer.StopReason,
                usage = new { inputTokens = answer.InputTokens, outputTokens = answer.OutputTokens },
            });
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return StepOutcome.Retry($"{kind} cannot be reached: {e.GetBaseException().Message}");
        }
    }

    private StepOutcome Refusal(string kind, LlmProvider provider, HttpResponseMessage response, byte[] body)
    {
        var status = (int)response.StatusCode;
        // Some providers repeat the key that they refuse.
        var error =
            $"{kind} answered {status}: {Cut(Encoding.UTF8.GetString(body).Replace(provider.Key, "(key)", StringComparison.Ordinal))}";
        if (LlmWire.IsSpent(status, body)) return StepOutcome.Fail($"{error} The provider's budget is spent.");
        return status is 408 or 429 or >= 500 ? StepOutcome.Retry(error, RetryAfter.Of(response, time)) : StepOutcome.Fail(error);
    }

    private (string Kind, LlmProvider Provider)? Choose(string? kind)
    {
        if (kind is null or LlmWire.OpenAi && options.OpenAi is { } openAi) return (LlmWire.OpenAi, openAi);
        if (kind is null or LlmWire.Anthropic && options.Anthropic is { } anthropic) return (LlmWire.Anthropic, anthropic);
        return null;
    }

    private static LlmPrompt PromptOf(StepInput input, LlmProvider provider) => new(
        input.Text("model") ?? provider.Model,
        input.Text("system"),
        input.Find("messages") is { } messages ? MessagesOf(messages, input) : [new LlmMessage("user", input.Text("prompt")!)],
        (int)(input.Integer("maxTokens", 1, MostTokens) ?? DefaultMaxTokens),
        input.Number("temperature", 0, 2));

    private static IReadOnlyList<LlmMessage> MessagesOf(JsonElement messages, StepInput input)
    {
        var found = new List<LlmMessage>();
        if (messages.ValueKind != JsonValueKind.Array || messages.GetArrayLength() == 0)
            input.Fault("messages", JsonFields.Show(messages), "give a list of {\"role\",\"content\"}");
        else
        {
            foreach (var message in messages.EnumerateArray())
            {
                var (role, content) = (TextOf(message, "role"), TextOf(message, "content"));
                if (role is not ("user" or "assistant") || content is null)
                    input.Fault("messages", JsonFields.Show(message),
                        "give each a role, user or assistant, and a content that is a text; instructions go into system");
                else found.Add(new LlmMessage(role, content));
            }
        }
        return found;
    }

    private static string? TextOf(JsonElement message, string name) =>
        message.ValueKind == JsonValueKind.Object && message.TryGetProperty(name, out var found) && found.ValueKind == JsonValueKind.String
            ? found.GetString() : null;

    private static string Cut(string text) => text.Length <= 500 ? text : text[..497] + "...";
}
