using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace App.Runs.Handlers.Llm;

/// <summary>How the two kinds of providers are asked and understood.</summary>
internal static class LlmWire
{
    /// <summary>Name of OpenAI's protocol.</summary>
    public const string OpenAi = "openai";

    /// <summary>Name of Anthropic's protocol.</summary>
    public const string Anthropic = "anthropic";

    /// <summary>The request that asks.</summary>
    public static HttpRequestMessage Request(string kind, LlmProvider provider, LlmPrompt prompt) =>
        kind == Anthropic ? AskAnthropic(provider, prompt) : AskOpenAi(provider, prompt);

    /// <summary>What a successful answer says; null: it is not understood.</summary>
    public static LlmAnswer? Answer(string kind, LlmPrompt prompt, byte[] body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return kind == Anthropic ? OfAnthropic(json.RootElement, prompt) : OfOpenAi(json.RootElement, prompt);
        }
        catch (Exception e)
            when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or IndexOutOfRangeException)
        {
            return null;
        }
    }

    /// <summary>Whether a refusal means that there is no money left: waiting would not help.</summary>
    public static bool IsSpent(int status, byte[] body) =>
        status == 402 || Encoding.UTF8.GetString(body) is var text
            && (text.Contains("insufficient_quota", StringComparison.Ordinal) || text.Contains("billing_", StringComparison.Ordinal)
                || text.Contains("credit balance is too low", StringComparison.Ordinal));

    private static HttpRequestMessage AskOpenAi(LlmProvider provider, LlmPrompt prompt)
    {
        var messages = new JsonArray();
        if (prompt.System is not null) messages.Add(Message("system", prompt.System));
        foreach (var message in prompt.Messages) messages.Add(Message(message.Role, message.Content));
        var body = new JsonObject { ["model"] = prompt.Model, ["messages"] = messages, ["max_tokens"] = prompt.MaxTokens };
        if (prompt.Temperature is { } temperature) body["temperature"] = temperature;
        var request = Post(new Uri(provider.BaseUrl, "chat/completions"), body);
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {provider.Key}");
        return request;
    }

    private static HttpRequestMessage AskAnthropic(LlmProvider provider, LlmPrompt prompt)
    {
        var messages = new JsonArray();
        foreach (var message in prompt.Messages) messages.Add(Message(message.Role, message.Content));
        var body = new JsonObject { ["model"] = prompt.Model, ["messages"] = messages, ["max_tokens"] = prompt.MaxTokens };
        if (prompt.System is not null) body["system"] = prompt.System;
        if (prompt.Temperature is { } temperature) body["temperature"] = temperature;
        // Its clients are given a base without /v1, OpenAI's with it; here either is taken.
        var request = Post(
            new Uri(provider.BaseUrl,
                provider.BaseUrl.AbsolutePath.EndsWith("/v1/", StringComparison.Ordinal) ? "messages" : "v1/messages"), body);
        request.Headers.TryAddWithoutValidation("x-api-key", provider.Key);
        request.Headers.TryAddWithoutValidation("anthropic-version", "2023-06-01");
        return request;
    }

    private static LlmAnswer OfOpenAi(JsonElement answer, LlmPrompt prompt)
    {
        var choice = answer.GetProperty("choices")[0];
        var usage = answer.TryGetProperty("usage", out var found) && found.ValueKind == JsonValueKind.Object ? found : default;
        return new LlmAnswer(Model(answer, prompt), choice.GetProperty("message").GetProperty("content").GetString() ?? "",
            Text(choice, "finish_reason"), Count(usage, "prompt_tokens"), Count(usage, "completion_tokens"));
    }

    private static LlmAnswer OfAnthropic(JsonElement answer, LlmPrompt prompt)
    {
        var text =
            string.Concat(answer.GetProperty("content")
                .EnumerateArray().Where(part => Text(part, "type") == "text").Select(part => Text(part, "text")));
        var usage = answer.TryGetProperty("usage", out var found) && found.ValueKind == JsonValueKind.Object ? found : default;
        return new LlmAnswer(Model(answer, prompt), text, Text(answer, "stop_reason"), Count(usage, "input_tokens"),
            Count(usage, "output_tokens"));
    }

    private static string Model(JsonElement answer, LlmPrompt prompt) => Text(answer, "model") ?? prompt.Model;

    private static string? Text(JsonElement value, string name) =>
        value.TryGetProperty(name, out var found) && found.ValueKind == JsonValueKind.String ? found.GetString() : null;

    private static long Count(JsonElement usage, string name) =>
        usage.ValueKind == JsonValueKind.Object && usage.TryGetProperty(name, out var found) && found.TryGetInt64(out var count)
            ? Math.Max(0, count) : 0;

    private static JsonObject Message(string role, string content) => new() { ["role"] = role, ["content"] = content };

    private static HttpRequestMessage Post(Uri url, JsonObject body) =>
        new(HttpMethod.Post, url) { Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json") };
}
